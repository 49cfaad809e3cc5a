"""A call is rendered in memory that does not grow with its length: an hour needs what ten minutes need, and so does a working day."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import MILLISECOND, SECOND
from capture.dialog import LINGER
from capture.engine import Engine
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from capture.recorder import Recorder
from capture.scribe import Inline
from capture.spool import Reel
from tests.bed.made import PTIME, MadeCall, datagram
from tests.bed.recorded import all_recordings

RENDER = """
import sys
from pathlib import Path
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from capture.worker import Worker
box = Box.at(Path(sys.argv[1]))
with Ledger.open(box.folders.ledger) as ledger:
    assert Worker(box, ledger, SystemClock()).one()
told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(told["VmHWM"].split()[0]))
"""
"""Renders the oldest call and prints the most memory that was resident, in KiB (proc(5))."""
MEGABYTE = 1024


def frames_of(call: MadeCall) -> Iterator[Captured]:
    """The call's frames one by one: its talk is noise, which no coder makes small."""
    noise = np.random.default_rng(1).integers(0, 256, (500, 160), dtype=np.uint8)
    signalling = [one for one in MadeCall(talk=0.02, begin=call.begin).frames() if one.frame[42] != 0x80]
    yield from signalling[:-2]
    heads = [datagram(bytes(172), call.port(side), call.port(1 - side), by_caller=side == 0)[:42] for side in (0, 1)]
    at = call.begin + SECOND // 2 + 2 * MILLISECOND
    for place in range(call.packets):
        for side in (0, 1):
            rtp = struct.pack(">BBHII", 0x80, 0, place & 0xFFFF, place * 160 & 0xFFFFFFFF, call.ssrc(side))
            payload = noise[(place + 7 * side) % 500].tobytes()
            yield Captured(LINK_ETHERNET, heads[side] + rtp + payload, at + place * PTIME + side * MILLISECOND)
    yield from (one._replace(at=at + call.packets * PTIME + place) for place, one in enumerate(signalling[-2:]))


def captured(folder: Path, call: MadeCall) -> Box:
    """A box with the call on its spool, written every half second, as the tap does."""
    box = Box.at(folder)
    with Ledger.open(box.folders.ledger) as ledger:
        reel = Reel(box.folders.spool, "eth1")
        engine = Engine(box.config, via="eth1")
        recorder = Recorder(engine, reel, Inline(ledger, reel, box.folders, SystemClock()), box.config)
        flushed = at = call.begin
        for link, frame, at in frames_of(call):
            if at - flushed > SECOND // 2:
                recorder.flush(at)
                flushed = at
            engine.frame(link, frame, at, at)
            recorder.perform(at)
        recorder.flush(at)
        engine.tick(at + LINGER)
        recorder.perform(at)
        reel.close()
    return box


def peak(folder: Path, minutes: int) -> int:
    """The most memory (KiB) that rendering a call of this length took."""
    call = MadeCall(talk=60 * minutes)
    box = captured(folder, call)
    done = subprocess.run([sys.executable, "-c", RENDER, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (recording,) = all_recordings(box)
    assert (round(recording.facts.seconds), recording.facts.packets) == (60 * minutes, 2 * call.packets)
    return int(done.stdout)


def test_an_hour_needs_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    """The fifty minutes between are 46 MB on the spool and 92 MB of samples."""
    short, long = peak(tmp_path / "short", 10), peak(tmp_path / "long", 60)
    assert long - short < 20 * MEGABYTE, f"{short} KiB for ten minutes, {long} KiB for an hour"
