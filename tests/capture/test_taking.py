"""A capture holds what passed while it was taken, trimmed, and ends in time, at its size, or when it is asked to."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from capture import pcapfile
from capture.play import play
from capture.ring import RingError
from capture.taking import HEAD, Writer, take
from capture.trimming import Trimmer
from tests import needs
from tests.bed.made import MadeCall, write_pcap
from tests.bed.wire import FAR, NEAR, Wire

CALL = MadeCall(talk=0.4)


def test_what_is_written_is_a_capture_file_whose_frames_tell_their_length(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    with path.open("wb") as file:
        writer = Writer(file, Trimmer(), 1_000_000)
        assert writer.add(CALL.frames())
    assert path.stat().st_size == writer.bytes
    found = list(pcapfile.frames(path))
    assert [one.at for one in found] == [one.at for one in CALL.frames()]
    assert len(found) == writer.frames
    assert max(len(one.frame) for one in found if len(one.frame) < 200) == 14 + 20 + 8 + 12


def test_it_never_grows_beyond_its_size() -> None:
    file = io.BytesIO()
    writer = Writer(file, Trimmer(), 2000)
    assert not writer.add(CALL.frames())
    assert len(HEAD) < len(file.getvalue()) == writer.bytes <= 2000


@needs.namespaces()
def test_an_interface_is_listened_on_until_it_is_enough(tmp_path: Path) -> None:
    file, kept = write_pcap(tmp_path / "a.pcap", CALL.frames()), io.BytesIO()
    writer = Writer(kept, Trimmer(), 1_000_000)
    stop = threading.Event()

    def stopped() -> bool:
        if writer.frames >= len(CALL.frames()):
            stop.set()
        return stop.is_set()

    def begun() -> None:
        threading.Thread(target=lambda: wire.inside(lambda: play(NEAR, [file], 0.0))).start()

    with Wire() as wire:
        done = wire.inside(lambda: take(FAR, writer, 60.0, stopped, begun))
        assert (done.ended, done.dropped, writer.frames) == ("asked", 0, len(CALL.frames()))
        assert wire.inside(lambda: take(FAR, writer, 0.1, lambda: False, lambda: None)).ended == "time"
        small = Writer(io.BytesIO(), Trimmer(), 100)
        assert wire.inside(lambda: take(FAR, small, 60.0, lambda: False, begun)).ended == "size"
        with pytest.raises(RingError, match="none"):
            wire.inside(lambda: take("none", writer, 1.0, lambda: False, lambda: None))
