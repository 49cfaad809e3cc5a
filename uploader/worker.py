"""One of those who send: takes an upload job, delivers it, says what came of it.

The oldest goes first, and every third turn the newest, so that today's call need not wait for a backlog of weeks. What fails alone while
others are stored is parked for a person; what the store cannot do now waits, for weeks if need be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from appliance import doorbell, jobs
from appliance.box import Box
from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.records import UploadDone, UploadParked
from uploader import canary, headers, multipart, objects, patience
from uploader.delivery import DamagedCopyError, Parcel, deliver, hand_in
from uploader.errands import Errands
from uploader.hands import Hands
from uploader.store import ObjectRefusedError, Store, StoreAgainError, StoreError, close, open_store

KIND = "upload"
LEASE = 900 * SECOND
LOOK_S = 5.0
LONGEST_PAUSE = round(jobs.RETRY_CAP_S * SECOND)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Shared:
    """What the workers of one process tell one another."""

    last_stored: int = 0
    """When one of them last stored a recording (ns)."""
    hands: Hands | None = None
    """What they may lend to the parts of one recording."""


class Worker:
    """Does upload jobs of one box."""

    def __init__(
        self, box: Box, ledger: Ledger, clock: Clock, opener: Callable[[Box], Store] = open_store, shared: Shared | None = None
    ) -> None:
        self._shared = shared or Shared()
        self._box, self._ledger, self._clock = box, ledger, clock
        self._open_store = opener
        self._store: Store | None = None
        self._jobs = jobs.Jobs(ledger, jobs.holder("uploader"))
        self._jobs.release_dead(KIND)
        self._trouble = Trouble(log, clock.monotonic)
        self._progress = multipart.Progress(ledger, clock)
        self._turn = 0
        self._job: jobs.Job | None = None
        self._kept_until = 0
        self._errands = Errands(box, ledger, clock, self._reach)
        self.stored = 0
        self.failed: list[str] = []
        self.last_error: StoreError | None = None
        """Why the last delivery failed, None where it did not."""

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
        """Deliver one recording that is due (or was at `due_by`); returns whether there was one."""
        now = self._clock.now()
        due = now if due_by is None else due_by
        self.last_error = None
        if self._errands.one(due):
            self.failed += self._errands.said()
            doorbell.ring(self._box.folders.run)
            return True
        newest = patience.is_fresh_turn(self._turn, self._box.config.sending.fresh_every)
        self._turn += 1
        job = self._jobs.claim(KIND, due, LEASE + now - due, newest=newest)
        if job is None:
            return False
        self._job, self._kept_until = job, job.leased_until
        try:
            with self._shared.hands.own() if self._shared.hands else nullcontext():
                done = self._deliver(job.subject)
        except DamagedCopyError as error:
            self._park(job, error)
        except StoreError as error:
            self._again(job, error)
        else:
            self._jobs.finish(job, self._clock.now(), [done] if done else [])
            self._trouble.over("the store is reached again")
            self.stored += 1
            self._shared.last_stored = self._clock.now()
        doorbell.ring(self._box.folders.run)
        return True

    def close(self) -> None:
        """Let go of the store; the next delivery opens it again."""
        store, self._store = self._store, None
        close(store)

    def _deliver(self, recording: str) -> UploadDone | None:
        found = get_recording(self._ledger.connection, recording)
        if found is None or found.erased_at is not None:
            return None
        facts, site = found.facts, self._box.config.site
        store = self._reach()
        extension = facts.file.split(".")[1]
        key = objects.recording_key(site.contract, facts.epoch, facts.started_at, recording, facts.sealed_sha256, extension)
        kind = self._box.config.store.kind
        trust = canary.trust(self._ledger, self._box, self._clock.now())
        proven = trust.blind or (trust.checked and self._box.config.sending.read_back == "unproven")
        bring = partial(hand_in if trust.blind else partial(deliver, proven=proven, kept=trust.keeps), hands=self._shared.hands)
        beside = self._local(facts.manifest)
        manifest_key = objects.manifest_key(key)
        size = 0
        for parcel in self._parcels(key, self._local(facts.file), facts.sealed_sha256):
            size += bring(store, parcel, self._progress, self._keep)
        for parcel in self._parcels(manifest_key, beside, facts.manifest_sha256):
            bring(store, parcel, self._progress, self._keep)
        return UploadDone(
            at=self._clock.now(), recording=recording, store=kind, key=key, manifest_key=manifest_key, bytes=size,
            sha256=facts.sealed_sha256, verified="checksum" if proven else "read-back",
        )  # fmt: skip

    def _parcels(self, key: str, path: Path, sha256: str) -> list[Parcel]:
        """The file whole, or its payload and its header where they are to lie apart."""
        return headers.apart(key, path, sha256) if self._box.config.store.detached_headers else [Parcel(key, path, sha256)]

    def _reach(self) -> Store:
        """The store, opened once. Raises StoreError."""
        self._store = self._store or self._open_store(self._box)
        return self._store

    def _local(self, file: str) -> Path:
        return self._box.folders.recordings / file

    def _keep(self, count: int) -> None:
        """Bytes move: the job stays ours. Raises StoreAgainError where somebody else has it by now."""
        now = self._clock.now()
        if self._job is None or now < self._kept_until - LEASE // 2:
            return
        if not self._jobs.extend(self._job, now + LEASE):
            raise StoreAgainError(f"recording {self._job.subject}: another process sends it now")
        self._kept_until = now + LEASE

    def _again(self, job: jobs.Job, error: StoreError) -> None:
        """Not this recording's fault, as long as no other was stored meanwhile: it waits, for weeks if need be."""
        others_go = self._others_go(job)
        if (
            patience.verdict(job.attempts, others_go=others_go, this_object=isinstance(error, ObjectRefusedError))
            is patience.Verdict.PARK
        ):
            self._park(job, error)
            return
        self._trouble.happened(str(error))
        self.failed.append(str(error))
        self.last_error = error
        asked = error.wait if isinstance(error, StoreAgainError) else None
        self.close()  # credentials may have been renewed
        self._jobs.retry(
            job, self._clock.now(), str(error), wait=None if asked is None else round(asked * SECOND), forgive=not others_go
        )

    def _others_go(self, job: jobs.Job) -> bool:
        """Whether another recording was stored since this one failed the last time: then the store works, and this one fails alone."""
        row = self._ledger.connection.execute("SELECT not_before, created_at FROM job WHERE id = ?", (job.id,)).fetchone()
        return self._shared.last_stored > int(max(row["not_before"] - LONGEST_PAUSE, row["created_at"]))

    def _park(self, job: jobs.Job, error: StoreError) -> None:
        why = str(error)
        log.warning("recording %s is parked: %s", job.subject, why)
        self.failed.append(why)
        now = self._clock.now()
        parked = UploadParked(at=now, recording=job.subject, store=self._box.config.store.kind, reason=why, attempts=job.attempts)
        self._jobs.park(job, now, why, [parked])
