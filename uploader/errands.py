"""What the uploader does besides storing recordings: it brings checkpoints and papers out of the box, and erases where that was asked for.

An erasure is one owner's business from the first byte to the last: this process uploads, so it erases. It waits while the recording is
being sent or is held for a case (a hold wins), removes all there is under the recording's keys, and hands on to the janitor, who
removes what lies on the box. What is to go is noted before the first object goes, so that the count survives any death.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable

from appliance import checkpoints, jobs, papers, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import Clock
from appliance.erasure import ERASE, HELD, UNLINK
from appliance.jobs import Job, NewJob
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.records import CheckpointSigned, CheckpointStamped, CheckpointStored, ObjectsErased, Record
from uploader import canary, objects
from uploader.delivery import DamagedCopyError, Parcel, deliver, hand_in
from uploader.store import Removing, Store, StoreAgainError, StoreError, StoreRefusedError
from uploader.through import bare
from uploader.timestamp import stamp

KINDS = (ERASE, checkpoints.JOB, papers.JOB)
LEASE = 900 * SECOND
_BUSY_WAIT = 2 * SECOND
_CONTRACT_WAIT = 30 * SECOND
_HELD_WAIT = 3600 * SECOND

log = logging.getLogger(__name__)


class Errands:
    """Does erasures and checkpoints of one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock, store: Callable[[], Store]) -> None:
        self._box, self._ledger, self._clock, self._store = box, ledger, clock, store
        self._jobs = jobs.Jobs(ledger, jobs.holder("uploader"))
        for kind in KINDS:
            self._jobs.release_dead(kind)
        self._trouble = Trouble(log, clock.monotonic)
        self._failed: list[str] = []

    def hurry(self, now: int) -> None:
        """Make everything that waits for its next try due now."""
        for kind in KINDS:
            self._jobs.hurry(kind, now)

    def unpark(self, now: int) -> None:
        """Give everything that was parked for a person another try."""
        for kind in KINDS:
            self._jobs.unpark(kind, now)

    def said(self) -> list[str]:
        """What failed since the last question."""
        said, self._failed = self._failed, []
        return said

    def one(self, due: int) -> bool:
        """Do the oldest errand that is due, erasures first; returns whether there was one."""
        works: dict[str, Callable[[Job], None]] = {ERASE: self._erase, checkpoints.JOB: self._bring, papers.JOB: self._paper}
        for kind in KINDS:
            job = self._jobs.claim(kind, due, LEASE + self._clock.now() - due)
            if job is not None:
                self._do(job, works[kind])
                return True
        return False

    def _do(self, job: Job, work: Callable[[Job], None]) -> None:
        try:
            work(job)
        except (StoreRefusedError, DamagedCopyError) as error:
            self._note(f"{job.kind} of {job.subject} is parked: {error}")
            self._jobs.park(job, self._clock.now(), str(error))
        except StoreError as error:
            self._note(str(error))
            asked = error.wait if isinstance(error, StoreAgainError) else None
            self._jobs.retry(job, self._clock.now(), str(error), wait=None if asked is None else round(asked * SECOND))
        else:
            self._trouble.over("errands are done again")

    def _note(self, why: str) -> None:
        self._trouble.happened(why)
        self._failed.append(why)

    # Checkpoints

    def _bring(self, job: Job) -> None:
        rows = [row.record for row in self._ledger.of(job.subject)]
        record = next(one for one in rows if isinstance(one, CheckpointSigned))
        path = self._box.folders.checkpoints / record.file
        if not path.exists():
            shelf.write(path, checkpoints.document(record))
        key = objects.checkpoint_key(self._box.config.site.contract, record.epoch, record.file)
        store = self._store()
        self._deliver(store, Parcel(key, path, checkpoints.sha256(record)))
        done: list[Record] = [
            CheckpointStored(at=self._clock.now(), checkpoint=record.checkpoint, store=self._box.config.store.kind, key=key)
        ]
        if self._box.config.proof.timestamp_url and not any(isinstance(one, CheckpointStamped) for one in rows):
            done.append(self._stamp(store, record, key))
        self._jobs.finish(job, self._clock.now(), done)

    def _stamp(self, store: Store, record: CheckpointSigned, key: str) -> CheckpointStamped:
        proof = self._box.config.proof
        answer = stamp(proof.timestamp_url, proof.timestamp_ca, checkpoints.sha256(record))
        path = (self._box.folders.checkpoints / record.file).with_suffix(".tsr")
        if not path.exists():  # a stamp that was stored before a death is kept: keys are written once
            shelf.write(path, answer)
        self._deliver(store, Parcel(key.removesuffix(".json") + ".tsr", path, shelf.sha256_of(path)))
        token = base64.b64encode(path.read_bytes()).decode("ascii")
        return CheckpointStamped(at=self._clock.now(), checkpoint=record.checkpoint, authority=proof.timestamp_url, token=token)

    def _paper(self, job: Job) -> None:
        """A proof of erasure: written once, under a name that holds its moment and its hash."""
        site, document = self._box.config.site, str(job.body["document"]).encode("ascii")
        path = self._box.folders.data / f".paper-{hashlib.sha256(document).hexdigest()[:16]}"
        path.write_bytes(document)
        try:
            key = objects.box_prefix(site.contract, site.epoch) + str(job.body["file"])
            self._deliver(self._store(), Parcel(key, path, hashlib.sha256(document).hexdigest()))
        finally:
            shelf.remove(path)
        self._jobs.finish(job, self._clock.now())

    def _deliver(self, store: Store, parcel: Parcel) -> None:
        """As recordings are delivered: read back, or on the word of a store that lets us read nothing and checks what it takes."""
        blind = canary.trust(self._ledger, self._box, self._clock.now()).blind
        (hand_in if blind else deliver)(store, parcel)

    # Erasures

    def _erase(self, job: Job) -> None:
        name = job.body.get("recording")
        recording = get_recording(self._ledger.connection, name) if name else None
        if obstacle := self._obstacle(job, recording):
            why, wait = obstacle
            self._jobs.retry(job, self._clock.now(), why, wait=wait, forgive=True)
            return
        store = bare(self._store())
        if not isinstance(store, Removing):
            raise StoreRefusedError(
                f"a store of the kind {self._box.config.store.kind} cannot erase; remove there what is named {name}"
            )
        keys = sorted(set(job.body.get("keys", ())) | self._keys(store, job, recording))
        removed = int(job.body.get("removed", 0))
        self._jobs.note(job, keys=keys)
        for key in keys:
            removed += store.remove(key)
            self._jobs.note(job, removed=removed)
            if store.look(key) is not None:
                raise StoreRefusedError(f"{key}: is still there after it was erased; a lock of the bucket keeps it, ask who set it")
        now = self._clock.now()
        gone = ObjectsErased(at=now, call=job.subject, store=self._box.config.store.kind, objects=len(keys), removed=removed)
        self._jobs.finish(job, now, [gone], [NewJob(kind=UNLINK, subject=job.subject, body=job.body)] if recording else [])
        log.info("erased in the store: %s, %d objects", job.subject, len(keys))

    def _keys(self, store: Store, job: Job, recording: Recording | None) -> set[str]:
        """Every key that is to go: those that the ledger knows, and all that is found beside them."""
        contract = self._box.config.site.contract
        if recording is None:
            return (
                {stored.key for stored in store.list(objects.prefix(contract))} if job.body.get("contract") == contract else set()
            )
        facts = recording.facts
        own = objects.all_of_recording(contract, facts.epoch, facts.started_at, facts.recording)
        key = objects.recording_key(
            contract, facts.epoch, facts.started_at, facts.recording, facts.sealed_sha256, facts.file.split(".")[1]
        )
        known = {key, objects.manifest_key(key)}
        prefixes = {own}
        if recording.key and objects.read_key(recording.key):  # the contract may have had another name then
            known |= {recording.key, objects.manifest_key(recording.key)}
            prefixes.add(recording.key.rpartition("-")[0] + "-")
        for prefix in prefixes:
            known |= {stored.key for stored in store.list(prefix)}
            if unfinished := getattr(store, "unfinished", None):
                known |= {begun.key for begun in unfinished(prefix)}
        return known

    def _obstacle(self, job: Job, recording: Recording | None) -> tuple[str, int] | None:
        """Why the erasure has to wait, and how long. From here on no upload of the recording begins any more."""
        if recording is None:
            return self._contract_obstacle()
        if recording.held:
            return HELD, _HELD_WAIT
        with self._ledger.transaction() as connection:
            name = recording.facts.recording
            connection.execute(
                "UPDATE job SET state = 'done', finished_at = ? WHERE kind = 'upload' AND subject = ? AND state IN ('ready', 'parked')",
                (self._clock.now(), name),
            )
            busy = connection.execute("SELECT 1 FROM job WHERE kind = 'upload' AND subject = ? AND state = 'leased'", (name,))
            return ("it is being sent", _BUSY_WAIT) if busy.fetchone() else None

    def _contract_obstacle(self) -> tuple[str, int] | None:
        """A contract's objects go as a whole only after each of its recordings has gone by itself: none is held, none waits."""
        query = "SELECT count(*), coalesce(sum(held), 0) FROM recording WHERE erased_at IS NULL"
        left, held = self._ledger.connection.execute(query).fetchone()
        return (
            (f"{left} recordings are not erased yet, {held} of them held", _HELD_WAIT if held else _CONTRACT_WAIT) if left else None
        )
