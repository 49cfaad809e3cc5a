"""A capture file put on the spool as if it were live, on its own clock, and its facts into the ledger: what the tap does, without a tap.

Nothing is rendered here, and nothing that renders is imported (`replay.py` does both).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from capture import pcapfile
from capture.dialog import LINGER
from capture.engine import Engine
from capture.pcapfile import CaptureFileError, Records
from capture.recorder import Recorder
from capture.scribe import Inline
from capture.spool import Reel

PREFIX = "replay-"
FLUSH_BYTES = 8 * 1024 * 1024
TICK_EVERY = SECOND
TOGETHER = 500
"""Entries in one transaction."""


class Replayed:
    """What a replay did: the calls it saw, in order, and why it stopped early, if it did."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.frames = 0
        self.broken: CouldNotError | None = None


def reel_name(file: Path) -> str:
    """A reel for this file, the same each time."""
    return PREFIX + hashlib.sha256(str(file.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def record(box: Box, file: Path, reel: Reel, ledger: Ledger, clock: Clock) -> Replayed:
    """Put this file's calls on the spool of `reel`, and their facts into the ledger. Raises CaptureFileError where there is no frame."""
    engine = Engine(box.config, via=reel.name)
    pen = Inline(ledger, reel, box.folders, clock, TOGETHER)
    recorder = Recorder(engine, reel, pen, box.config)
    found = Replayed()
    run = _Run(engine, recorder)
    try:
        with pcapfile.records(file) as records:
            if records is not None:
                run.walk(records)
            else:
                for link, frame, at in pcapfile.frames(file):
                    run.reach(at)
                    engine.frame(link, frame, at, run.now)
                    run.perform()
    except CaptureFileError as error:
        if not engine.frames:
            raise
        found.broken = error
    found.frames = engine.frames
    recorder.flush(run.now)
    engine.tick(run.now + LINGER)
    engine.finish()
    recorder.perform(run.now)
    recorder.report_weirds(run.now)
    pen.close()
    found.calls = recorder.closed
    return found


class _Run:
    """The capture's own clock, and what is due by it."""

    def __init__(self, engine: Engine, recorder: Recorder) -> None:
        self.now = 0
        self._engine, self._recorder = engine, recorder
        self._ticked_at = 0

    def walk(self, records: Records) -> None:
        """Every record, in pieces that end where a tick is due."""
        engine, form = self._engine, records.form
        more = records.more(0)
        while more:
            until = self._ticked_at + TICK_EVERY
            records.place, following, latest, odd = engine.walker.records(
                records.data, records.place, form.big, form.unit, until
            )  # fmt: skip
            for frame, at, _ in odd:
                self.now = max(self.now, at)
                engine.odd([(frame, at, 0)], self.now)
                self.perform()
            self.reach(latest)
            if following:
                self.reach(following)
            else:
                more = records.more(engine.frames)

    def reach(self, at: int) -> None:
        """The clock has come to `at`."""
        self.now = max(self.now, at)
        if self.now - self._ticked_at >= TICK_EVERY:
            self._ticked_at = self.now
            self._recorder.flush(self.now)
            self._engine.tick(self.now)
            self._engine.expire(self.now)
            self.perform()

    def perform(self) -> None:
        """Do what the engine asks for."""
        if self._engine.effects:
            self._recorder.perform(self.now)
        if self._engine.buffered > FLUSH_BYTES:
            self._recorder.flush(self.now)
