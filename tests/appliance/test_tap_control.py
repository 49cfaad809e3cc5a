"""The tap is asked over its socket: whoever knows the call answers, and what cannot be done is one sentence."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance import tap_control
from appliance.errors import CouldNotError
from appliance.tap_control import RefusedError

CALL = "callaaaaaaaaaaaa"


@contextmanager
def tap(run: Path, name: str, answer: bytes | dict[str, Any]) -> Iterator[list[Any]]:
    """A tap that always says this."""
    run.mkdir(exist_ok=True)
    asked: list[Any] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(run / f"{name}.control"))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as client:
                asked.append(json.loads(client.recv(4096)))
                client.send(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(5)


def test_a_pause_is_asked_for_with_who_and_why(tmp_path: Path) -> None:
    with tap(tmp_path, "eth1", {"at": 1, "until": None}) as asked:
        assert tap_control.pause(tmp_path, CALL, who="admin", why="x" * 500) == {"at": 1, "until": None}
    assert asked == [{"do": "pause", "call": CALL, "who": "admin", "why": "x" * 200}]


def test_of_several_taps_the_one_that_knows_the_call_answers(tmp_path: Path) -> None:
    with tap(tmp_path, "eth1", {"error": "not mine", "kind": "unknown"}), tap(tmp_path, "eth2", {"at": 2}):
        assert tap_control.resume(tmp_path, CALL, who="", why="") == {"at": 2}
    (tmp_path / "eth1.control").rename(tmp_path / "gone")


def test_a_refusal_is_the_sentence_of_the_tap_that_knows_the_call(tmp_path: Path) -> None:
    with (
        tap(tmp_path, "a", {"error": "is paused already", "kind": ""}),
        tap(tmp_path, "b", {"error": "not mine", "kind": "unknown"}),
        pytest.raises(RefusedError, match=r"^is paused already$"),
    ):
        tap_control.pause(tmp_path, CALL, who="", why="")


@pytest.mark.parametrize("answer", [b"", b"[]", b"\xff"])
def test_a_tap_that_makes_no_sense_is_none(tmp_path: Path, answer: bytes) -> None:
    with tap(tmp_path, "a", answer), pytest.raises(CouldNotError, match=r"no tap answers \(a: .*; look at its log"):
        tap_control.look(tmp_path, CALL)


def test_without_a_tap_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match="none is running"):
        tap_control.look(tmp_path, CALL)
    with pytest.raises(CouldNotError, match="no service of the box is running here"):
        tap_control.look(tmp_path / "none", CALL)
