"""Capture files are played onto an interface frame by frame, each at its own time; what cannot be played is one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.errors import CouldNotError, UsageError
from appliance.moments import SECOND
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured, CaptureFileError
from capture.play import play, schedule
from capture.ring import RingError
from tests import needs
from tests.bed.made import write_pcap
from tests.bed.wire import FAR, NEAR, Wire

MARK = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5"


def captured(name: bytes, at: float, link: int = LINK_ETHERNET) -> Captured:
    return Captured(link, (MARK + name).ljust(60, b"."), round(at * SECOND))


def names(frames: list[bytes]) -> list[bytes]:
    return [frame[14:].rstrip(b".") for frame in frames]


def test_a_file_is_played_in_its_own_time_from_its_first_frame(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [captured(b"a", 1000.0), captured(b"b", 1000.25), captured(b"c", 1003.0)])
    found = list(schedule([file], 0.0))
    assert [due for due, _ in found] == [0, SECOND // 4, 3 * SECOND]
    assert names([frame for _, frame in found]) == [b"a", b"b", b"c"]


def test_files_of_different_years_are_played_together(tmp_path: Path) -> None:
    one = write_pcap(tmp_path / "1.pcap", [captured(b"a", 5), captured(b"c", 7)])
    other = write_pcap(tmp_path / "2.pcap", [captured(b"b", 900_000_001), captured(b"d", 900_000_004)])
    found = list(schedule([one, other], 1.0))
    assert [(due // SECOND, name) for (due, _), name in zip(found, names([frame for _, frame in found]), strict=True)] == [
        (0, b"a"), (1, b"b"), (2, b"c"), (4, b"d"),
    ]  # fmt: skip


def test_frames_that_are_no_ethernet_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "raw.pcap"
    write_pcap(file, [captured(b"a", 1)])
    body = bytearray(file.read_bytes())
    body[20:24] = (101).to_bytes(4, "little")
    file.write_bytes(body)
    assert list(schedule([file], 0.0)) == []


def test_no_file_is_nothing_to_play() -> None:
    assert list(schedule([], 1.0)) == []


def test_a_broken_file_is_played_up_to_its_break(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [captured(b"a", 1), captured(b"b", 1)])
    file.write_bytes(file.read_bytes()[:-10])
    played = schedule([file], 0.0)
    assert names([next(played)[1]]) == [b"a"]
    with pytest.raises(CaptureFileError, match="cut behind frame 1"):
        next(played)


@needs.namespaces()
def test_what_is_played_into_one_end_comes_out_at_the_other(tmp_path: Path) -> None:
    sent = [captured(b"%d" % number, 1000 + number / 1000) for number in range(200)]
    file = write_pcap(tmp_path / "a.pcap", sent)
    with Wire() as wire, wire.sender(FAR) as receiver:
        wire.inside(lambda: receiver.bind((FAR, 3)))
        assert wire.inside(lambda: play(NEAR, [file], 0.0)) == 200
        receiver.settimeout(10)
        assert [receiver.recv(2000) for _ in sent] == [frame.frame for frame in sent]


@needs.namespaces()
def test_a_port_that_does_not_take_frames_is_one_sentence(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [captured(b"a", 1)])
    with Wire() as wire:
        with pytest.raises(RingError, match="nosuchport: cannot be sent on"):
            wire.inside(lambda: play("nosuchport", [file], 0.0))
        wire.down(NEAR)
        with pytest.raises(RingError, match="near: cannot be sent on"):
            wire.inside(lambda: play(NEAR, [file], 0.0))


@needs.root
def test_an_ordinary_user_is_told_what_is_missing(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [captured(b"a", 1)])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            play("lo", [file], 0.0)
        except RingError as error:
            code = 0 if "CAP_NET_RAW" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@needs.namespaces()
@pytest.mark.parametrize("content", [b"", b"rubbish", None])
def test_a_file_that_is_no_capture_is_said_so(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.pcap"
    if content is not None:
        file.write_bytes(content)
    with Wire() as wire, pytest.raises((CouldNotError, UsageError), match=r"x\.pcap"):
        wire.inside(lambda: play(NEAR, [file], 0.0))


@needs.namespaces()
def test_a_frame_that_the_port_does_not_take_is_one_sentence(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [Captured(LINK_ETHERNET, MARK.ljust(5000, b"x"), 0)])
    with Wire() as wire, pytest.raises(RingError, match="Message too long"):
        wire.inside(lambda: play(NEAR, [file], 0.0))
