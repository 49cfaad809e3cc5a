"""The uploader: takes upload jobs, delivers them, and is the only service that leaves the box."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from appliance import doorbell, jobs
from appliance.box import Box
from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.records import RecordingReady, UploadDone, UploadParked
from uploader import objects
from uploader.delivery import DamagedCopyError, Parcel, deliver
from uploader.errands import Errands
from uploader.store import Store, StoreAgainError, StoreError, open_store

KIND = "upload"
LEASE = 900 * SECOND
LOOK_S = 5.0

log = logging.getLogger(__name__)


class Worker:
    """Does upload jobs of one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock, opener: Callable[[Box], Store] = open_store) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._open_store = opener
        self._store: Store | None = None
        self._jobs = jobs.Jobs(ledger, jobs.holder("uploader"))
        self._jobs.release_dead(KIND)
        self._trouble = Trouble(log, clock.monotonic)
        self._errands = Errands(box, ledger, clock, self._reach)
        self.stored = 0
        self.failed: list[str] = []

    def step(self) -> float:
        """Deliver one recording if one is due; returns how long to wait for the next (seconds)."""
        failures = len(self.failed)
        worked = self.one()
        return 0.0 if worked and len(self.failed) == failures else LOOK_S

    def hurry(self) -> int:
        """Make everything that waits for its next try due now; returns the moment, from which on a failure waits again."""
        now = self._clock.now()
        self._jobs.hurry(KIND, now)
        self._errands.hurry(now)
        return now

    def unpark(self) -> None:
        """Give everything that was parked for a person another try."""
        self._jobs.unpark(KIND, self._clock.now())
        self._errands.unpark(self._clock.now())

    def one(self, due_by: int | None = None) -> bool:
        """Deliver the oldest recording that is due (or was at `due_by`); returns whether there was one."""
        now = self._clock.now()
        due = now if due_by is None else due_by
        if self._errands.one(due):
            self.failed += self._errands.said()
            doorbell.ring(self._box.folders.run)
            return True
        job = self._jobs.claim(KIND, due, LEASE + now - due)
        if job is None:
            return False
        try:
            done = self._deliver(job.subject)
        except DamagedCopyError as error:
            self._park(job, str(error))
        except StoreError as error:
            self._again(job, error)
        else:
            self._jobs.finish(job, self._clock.now(), [done] if done else [])
            self._trouble.over("the store is reached again")
            self.stored += 1
        doorbell.ring(self._box.folders.run)
        return True

    def _deliver(self, recording: str) -> UploadDone | None:
        found = get_recording(self._ledger.connection, recording)
        if found is None or found.erased_at is not None:
            return None
        facts, site = found.facts, self._box.config.site
        store = self._reach()
        extension = facts.file.split(".")[1]
        key = objects.recording_key(site.contract, facts.epoch, facts.started_at, recording, facts.sealed_sha256, extension)
        size = deliver(store, Parcel(key, self._local(facts.file), facts.sealed_sha256))
        beside = self._local(facts.manifest)
        manifest_key = objects.manifest_key(key)
        deliver(store, Parcel(manifest_key, beside, facts.manifest_sha256))
        return _done(self._clock.now(), facts, self._box.config.store.kind, key, manifest_key, size)

    def _reach(self) -> Store:
        """The store, opened once. Raises StoreError."""
        self._store = self._store or self._open_store(self._box)
        return self._store

    def _local(self, file: str) -> Path:
        return self._box.folders.recordings / file

    def _again(self, job: jobs.Job, error: StoreError) -> None:
        """Not this recording's fault: it waits, for weeks if need be."""
        self._trouble.happened(str(error))
        self.failed.append(str(error))
        asked = error.wait if isinstance(error, StoreAgainError) else None
        self._store = None  # credentials may have been renewed
        self._jobs.retry(job, self._clock.now(), str(error), wait=None if asked is None else round(asked * SECOND))

    def _park(self, job: jobs.Job, why: str) -> None:
        log.warning("recording %s is parked: %s", job.subject, why)
        self.failed.append(why)
        now = self._clock.now()
        parked = UploadParked(at=now, recording=job.subject, store=self._box.config.store.kind, reason=why, attempts=job.attempts)
        self._jobs.park(job, now, why, [parked])


def _done(now: int, facts: RecordingReady, store: str, key: str, manifest_key: str, size: int) -> UploadDone:
    return UploadDone(
        at=now, recording=facts.recording, store=store, key=key, manifest_key=manifest_key, bytes=size,
        sha256=facts.sealed_sha256, verified="read-back",
    )  # fmt: skip
