"""Boxes with recordings on them, made by a replay of made calls: real sealed files, rows and queued uploads."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.lookup import recordings
from capture.dialog import LINGER
from capture.engine import Engine
from capture.pcapfile import Captured
from capture.recorder import Recorder
from capture.replay import replay
from capture.scribe import Inline
from capture.spool import Reel
from tests.bed.made import MadeCall, together, write_pcap

TOUCHES = frozenset({
    "write", "writev", "execute", "rename", "fsync", "mkdir", "open", "flock", "rmtree", "unlink", "close", "flush", "syncfs",
})  # fmt: skip
"""C functions by which our code touches the world outside: where a process may be killed (`tests.fakes.processes.killed_before`)."""


def recorded(folder: Path, *calls: MadeCall, frames: Iterable[Captured] = ()) -> Box:
    """A box in `folder` (with the settings that lie there) that has recorded these calls, or these frames."""
    box = Box.at(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    replay(box, write_pcap(folder.with_name(f"{folder.name}.pcap"), [*together(*calls), *frames]))
    return box


def captured(folder: Path, *calls: MadeCall) -> Box:
    """A box in `folder` that has captured these calls: they lie on the spool, queued to be rendered."""
    box = Box.at(folder)
    frames = together(*calls)
    with Ledger.open(box.folders.ledger) as ledger:
        reel = Reel(box.folders.spool, "eth1")
        engine = Engine(box.config, via="eth1")
        recorder = Recorder(engine, reel, Inline(ledger, reel, box.folders, SystemClock()), box.config)
        for link, frame, at in frames:
            engine.frame(link, frame, at, at)
            recorder.perform(at)
        recorder.flush(frames[-1].at)
        engine.tick(frames[-1].at + LINGER)
        recorder.perform(frames[-1].at)
        reel.close()
    return box


def copied(data: Path, to: Path) -> Box:
    """A box that is a copy of the one in this folder."""
    shutil.copytree(data, to)
    return Box.at(to)


def all_recordings(box: Box) -> list[Recording]:
    """Every recording of the box, in the order of the chain."""
    with Ledger.open(box.folders.ledger) as ledger:
        return list(recordings(ledger.connection))
