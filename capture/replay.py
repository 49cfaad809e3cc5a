"""A capture file recorded as if it were live, on its own clock: captured, rendered and sealed when it returns; nothing is uploaded."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from appliance import discharge
from appliance.box import Box
from appliance.clock import Clock, SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from capture import pcapfile, recovery
from capture.intake import PREFIX, Replayed, record, reel_name
from capture.spool import Reel, ReelInUseError, abandoned
from capture.worker import Worker

OTHERS_S = 600.0
BATCH = 200


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


def _must_be_readable(file: Path) -> None:
    """Say what is wrong with the file before anything is written."""
    if not file.exists():
        raise UsageError(f"{file}: there is no such file")
    next(pcapfile.frames(file), None)


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
