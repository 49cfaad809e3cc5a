"""The stage is a pair of interfaces without addresses: what is played on one end is heard on the other, and it goes with its owner."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.demo.stage import Stage, StageError
from tests import needs

NET = Path("/sys/class/net")
pytestmark = [needs.root, needs.program("ip")]


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as entered:
        yield entered


@pytest.fixture
def left_behind() -> Iterator[dict[str, str]]:
    """Interfaces as others leave them: of a demonstration that was killed, of one that lives, and of somebody else."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    names = {"dead": f"apltap{process.pid}", "living": "apltap1", "other": f"aplx{os.getpid() % 10**6}"}
    for place, name in enumerate(names.values()):
        ip("link", "add", name, "type", "veth", "peer", "name", f"left{place}x{os.getpid() % 10**6}")
    yield names
    for name in names.values():
        subprocess.run(["ip", "link", "del", name], capture_output=True)


def test_both_ends_are_up_and_have_no_address(stage: Stage) -> None:
    for name in (stage.tap, stage.play):
        (facts,) = json.loads(ip("-json", "addr", "show", "dev", name))
        assert "UP" in facts["flags"]
        assert facts["addr_info"] == []


def test_what_is_played_on_one_end_is_heard_on_the_other(stage: Stage) -> None:
    frame = b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + b"a frame of nobody's protocol".ljust(60)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as hearing:
        hearing.bind((stage.tap, 0))
        hearing.settimeout(10)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as playing:
            playing.bind((stage.play, 0))
            playing.send(frame)
        while hearing.recv(2000) != frame:
            pass


def test_the_pair_goes_with_its_owner() -> None:
    with Stage() as stage:
        assert (NET / stage.tap).exists() and (NET / stage.play).exists()
    assert not (NET / stage.tap).exists() and not (NET / stage.play).exists()


def test_the_pair_goes_when_the_demonstration_fails() -> None:
    with pytest.raises(RuntimeError), Stage() as stage:
        raise RuntimeError
    assert not (NET / stage.tap).exists()


def test_leaving_twice_is_no_error() -> None:
    with Stage() as stage:
        ip("link", "del", stage.tap)


def test_a_second_pair_of_the_same_process_cannot_be_and_the_first_stays(stage: Stage) -> None:
    with pytest.raises(StageError, match=r"a pair of virtual interfaces cannot be made: .*exists"):
        Stage().__enter__()
    assert (NET / stage.tap).exists()


def test_pairs_of_the_dead_are_cleared_away_and_those_of_the_living_stay(left_behind: dict[str, str]) -> None:
    with Stage():
        assert not (NET / left_behind["dead"]).exists()
        assert (NET / left_behind["living"]).exists()
        assert (NET / left_behind["other"]).exists()


def test_without_its_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StageError, match="apt install iproute2"):
        Stage().__enter__()


def test_without_root_it_says_so() -> None:
    code = "import os; from appliance.demo.stage import Stage; os.setgid(65534); os.setuid(65534); Stage().__enter__()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "StageError: a raw socket needs root" in done.stderr
