"""A capture file recorded as if it were live, on its own clock: captured, rendered and sealed when it returns; nothing is uploaded."""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

from appliance import discharge
from appliance.box import Box
from appliance.clock import Clock, SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from capture import pcapfile, recovery
from capture.dialog import LINGER
from capture.engine import Engine
from capture.pcapfile import CaptureFileError, Records
from capture.recorder import Recorder
from capture.scribe import Inline
from capture.spool import Reel, ReelInUseError, abandoned
from capture.worker import Worker

PREFIX = "replay-"
FLUSH_BYTES = 8 * 1024 * 1024
TICK_EVERY = SECOND
OTHERS_S = 600.0
BATCH = 200


class Replayed:
    """What a replay did: the calls it saw, in order, and why it stopped early, if it did."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.frames = 0
        self.broken: CouldNotError | None = None


def replay(box: Box, file: Path, clock: Clock | None = None) -> Replayed:
    """Record this capture file into the box. Raises CouldNotError or UsageError; a broken file is recorded up to its break."""
    clock = clock or SystemClock()
    _must_be_readable(file)
    with Ledger.open(box.folders.ledger) as ledger:
        reel = Reel(box.folders.spool, reel_name(file))
        try:
            _begin_anew(box, reel, ledger, clock)
            found = record(box, file, reel, ledger, clock)
            _render(box, ledger, clock, found.calls)
            discharge.sweep(box.folders, ledger, reel.name)
            reel.retire()
        finally:
            reel.close()
        _finish_others(box, ledger, clock)
    return found


def _begin_anew(box: Box, reel: Reel, ledger: Ledger, clock: Clock) -> None:
    """A replay of this file was stopped: what it had closed is rendered, the rest set aside, since the file tells of it again."""
    _render(box, ledger, clock, [call for call in reel.calls() if recovery.is_done(ledger, call)])
    discharge.sweep(box.folders, ledger, reel.name)
    reel.set_aside(reel.calls())


def _finish_others(box: Box, ledger: Ledger, clock: Clock) -> None:
    """Other replays were stopped: what they captured becomes recordings marked as cut, and their spool is let go."""
    for call in recovery.take_in(box.folders, box.config, ledger, clock, idle=0.0, prefix=PREFIX):
        _render(box, ledger, clock, [call])
    for folder in abandoned(box.folders.spool):
        if folder.name.startswith(PREFIX):
            discharge.sweep(box.folders, ledger, folder.name)
            with contextlib.suppress(ReelInUseError):
                left = Reel(box.folders.spool, folder.name)
                left.retire()
                left.close()


def reel_name(file: Path) -> str:
    """A reel for this file, the same each time."""
    return PREFIX + hashlib.sha256(str(file.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _must_be_readable(file: Path) -> None:
    """Say what is wrong with the file before anything is written."""
    if not file.exists():
        raise UsageError(f"{file}: there is no such file")
    next(pcapfile.frames(file), None)


def record(box: Box, file: Path, reel: Reel, ledger: Ledger, clock: Clock) -> Replayed:
    """Put this file's calls on the spool of `reel`, and their facts into the ledger. Raises CaptureFileError where there is no frame."""
    engine = Engine(box.config, via=reel.name)
    pen = Inline(ledger, reel, box.folders, clock)
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


def _render(box: Box, ledger: Ledger, clock: Clock, calls: list[str]) -> None:
    """Render these calls; where the box's own render service has taken one, wait for it."""
    worker = Worker(box, ledger, clock)
    deadline = time.monotonic() + OTHERS_S
    waiting = _unsettled(ledger, calls)
    while waiting:
        batch, done = waiting[:BATCH], worker.done
        while worker.one(*batch):
            pass
        left = _unsettled(ledger, batch)
        waiting = left + waiting[BATCH:]
        if left and worker.done == done:
            if time.monotonic() > deadline:
                raise CouldNotError(f"{len(waiting)} calls are still being rendered by another process; nothing was lost")
            time.sleep(0.1)


def _unsettled(ledger: Ledger, calls: list[str]) -> list[str]:
    """The calls that have neither a recording nor a reason, oldest first."""
    settled = "SELECT id FROM call WHERE id = ? AND (recording IS NOT NULL OR not_recorded IS NOT NULL)"
    return [call for call in calls if ledger.connection.execute(settled, (call,)).fetchone() is None]
