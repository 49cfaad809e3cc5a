"""The render service: takes render jobs one by one, at low priority, so that it never costs a packet.

What fails for want of space or keys is tried again for ever; what defeats us several times is put into quarantine, so that a poisoned
call never stops the next.
"""

from __future__ import annotations

import contextlib
import logging
import os
from functools import partial

from appliance import doorbell, jobs, keys
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.recipients import recipients
from capture import recovery
from capture.recorder import RENDER
from capture.render import Renderer

LEASE = 120 * SECOND
EXTEND_EVERY = 30 * SECOND
MAX_ATTEMPTS = 5
ABANDONED_S = 60.0
LOOK_S = 2.0

log = logging.getLogger(__name__)


class TakenOverError(CouldNotError):
    """Somebody else does this job by now; what we made of it is not kept."""


class Worker:
    """Does render jobs of one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._jobs = jobs.Jobs(ledger, jobs.holder(RENDER))
        now = clock.now()
        key = keys.signing_key(box.folders.keys)
        self._renderer = Renderer(box, ledger, key, recipients(box.config, box.folders, now), clock)
        self._extended_at = clock.monotonic()
        self._jobs.release_dead(RENDER)
        self.done = 0

    def step(self) -> float:
        """Do one job if one is due; returns how long to wait for the next (seconds)."""
        if not self.one():
            recovery.take_in(self._box.folders, self._box.config, self._ledger, self._clock, idle=ABANDONED_S)
            return LOOK_S
        return 0.0

    def one(self, *calls: str) -> bool:
        """Do the oldest due job (of these calls); returns whether there was one. Raises CouldNotError where it must wait."""
        job = self._jobs.claim(RENDER, self._clock.now(), LEASE, calls)
        if job is None:
            return False
        self._extended_at = self._clock.monotonic()
        if job.attempts > MAX_ATTEMPTS:
            self._renderer.give_up(job, f"rendering failed {MAX_ATTEMPTS} times")
        else:
            try:
                self._renderer.render(job, partial(self._hold, job))
            except CouldNotError as error:
                # space, keys or the ledger are missing, not the call's fault: its attempts do not count
                self._jobs.retry(job, self._clock.now(), str(error), forgive=True)
                raise
        self.done += 1
        doorbell.ring(self._box.folders.run)
        return True

    def _hold(self, job: jobs.Job, *, surely: bool) -> None:
        """Keep the job; `surely`: for a whole lease from now. Raises TakenOverError."""
        now = self._clock.monotonic()
        if surely or now - self._extended_at >= EXTEND_EVERY:
            self._extended_at = now
            if not self._jobs.extend(job, self._clock.now() + LEASE):
                raise TakenOverError(f"call {job.subject}: another worker renders it, since this one was away for too long")


def lower_priority() -> None:
    """Give way to the tap."""
    with contextlib.suppress(PermissionError):  # the unit has done it already and allows no more
        os.nice(19)
