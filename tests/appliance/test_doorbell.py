"""Doorbells: a ring says "look now", many rings say it once, and no bell, present or absent, ever does harm."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.doorbell import Doorbell, ring
from tests.fakes.processes import at_once

SOON = 0.0
PATIENT = 30.0


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Doorbell]:
    """The bell of `render`."""
    hung = Doorbell(tmp_path / "run", "render")
    yield hung
    hung.close()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_a_ring_is_heard(tmp_path: Path, bell: Doorbell) -> None:
    ring(tmp_path / "run", "render")
    assert bell.wait(PATIENT)


def test_without_a_ring_the_wait_ends_by_itself(bell: Doorbell) -> None:
    assert not bell.wait(0.01)
    assert not bell.wait(SOON)
    assert not bell.wait(-5)


def test_many_rings_count_once(tmp_path: Path, bell: Doorbell) -> None:
    for _ in range(1000):
        ring(tmp_path / "run", "render")
    assert bell.wait(PATIENT)
    assert not bell.wait(SOON)


def test_a_bell_can_be_rung_again_after_it_was_heard(tmp_path: Path, bell: Doorbell) -> None:
    for _ in range(3):
        ring(tmp_path / "run", "render")
        assert bell.wait(PATIENT)


def test_only_the_named_bells_ring(tmp_path: Path, bell: Doorbell) -> None:
    other = Doorbell(tmp_path / "run", "uploader")
    ring(tmp_path / "run", "uploader", "nobody")
    assert other.wait(PATIENT)
    assert not bell.wait(SOON)
    other.close()


def test_without_a_name_every_bell_rings(tmp_path: Path, bell: Doorbell) -> None:
    other = Doorbell(tmp_path / "run", "uploader")
    ring(tmp_path / "run")
    assert other.wait(PATIENT)
    assert bell.wait(PATIENT)
    other.close()


@pytest.mark.parametrize("place", ["run", "nowhere", "file", "file/below"])
def test_ringing_where_nobody_listens_is_harmless(tmp_path: Path, place: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "file").write_text("")
    before = open_files()
    ring(tmp_path / place, "render")
    ring(tmp_path / place)
    assert open_files() == before


def test_ringing_a_service_that_died_is_harmless(tmp_path: Path, bell: Doorbell) -> None:
    bell.close()
    assert (tmp_path / "run" / "render.sock").exists()
    ring(tmp_path / "run", "render")
    ring(tmp_path / "run")


def test_a_service_that_starts_again_takes_its_bell_over(tmp_path: Path, bell: Doorbell) -> None:
    again = Doorbell(tmp_path / "run", "render")
    ring(tmp_path / "run", "render")
    assert again.wait(PATIENT)
    assert not bell.wait(SOON)
    again.close()


def test_a_file_in_the_bells_place_does_not_keep_it_from_hanging(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "render.sock").write_text("left by something else")
    bell = Doorbell(tmp_path / "run", "render")
    ring(tmp_path / "run", "render")
    assert bell.wait(PATIENT)
    bell.close()


def test_a_very_deep_folder_does_not_matter(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name-of-fifty-letters-or-so-xx"] * 20)
    assert len(str(deep)) > 1000
    bell = Doorbell(deep, "render")
    ring(deep, "render")
    assert bell.wait(PATIENT)
    ring(deep)
    assert bell.wait(PATIENT)
    bell.close()


def test_a_relative_folder_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bell = Doorbell(Path("run"), "render")
    ring(Path("run"), "render")
    assert bell.wait(PATIENT)
    bell.close()


@pytest.mark.parametrize("place", ["file", "file/run", "full"])
def test_a_bell_that_cannot_be_hung_leaves_the_regular_look(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full" / "render.sock").mkdir(parents=True)  # a folder in the bell's place
    before = open_files()
    bell = Doorbell(tmp_path / place, "render")
    ring(tmp_path / place, "render")
    assert not bell.wait(0.01)
    bell.close()
    assert open_files() == before


def test_a_bell_full_of_rings_takes_no_ringer_down(tmp_path: Path, bell: Doorbell) -> None:
    def work(number: int) -> None:
        for _ in range(2000):
            ring(tmp_path / "run", "render")

    at_once(3, work)
    assert bell.wait(PATIENT)
    assert not bell.wait(SOON)


def test_an_empty_or_a_long_datagram_is_a_ring_or_nothing_but_never_an_error(tmp_path: Path, bell: Doorbell) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for data in (b"", b"x" * 5000, b""):
            sender.sendto(data, str(tmp_path / "run" / "render.sock"))
    bell.wait(PATIENT)
    while bell.wait(SOON):
        pass
    ring(tmp_path / "run", "render")
    assert bell.wait(PATIENT)


def test_ringing_leaves_no_file_open(tmp_path: Path, bell: Doorbell) -> None:
    ring(tmp_path / "run", "render")
    before = open_files()
    for _ in range(50):
        ring(tmp_path / "run", "render", "nobody")
        ring(tmp_path / "run")
    assert open_files() == before


def test_another_descriptor_ends_the_wait_too_and_is_no_ring(bell: Doorbell) -> None:
    reader, writer = os.pipe()
    threading.Timer(0.02, os.write, (writer, b"!")).start()
    assert not bell.wait(PATIENT, reader)
    assert os.read(reader, 1) == b"!"
    os.close(reader)
    os.close(writer)


def test_a_ring_that_comes_during_the_wait_is_heard(tmp_path: Path, bell: Doorbell) -> None:
    threading.Timer(0.02, ring, (tmp_path / "run", "render")).start()
    assert bell.wait(PATIENT)


def test_the_webs_loop_waits_in_the_same_way(tmp_path: Path, bell: Doorbell) -> None:
    async def listen() -> list[bool]:
        heard = [await bell.wait_async(0.01)]
        for _ in range(5):
            ring(tmp_path / "run", "render")
        heard.append(await bell.wait_async(PATIENT))
        heard.append(await bell.wait_async(0.01))
        asyncio.get_running_loop().call_later(0.02, ring, tmp_path / "run", "render")
        heard.append(await bell.wait_async(PATIENT))
        return heard

    assert asyncio.run(listen()) == [False, True, False, True]
