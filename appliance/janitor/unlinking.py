"""The last part of an erasure: what lies on the box goes, then numbers and names in the ledger, then it is written and signed.

The row that allows it (`ErasureAsked`) and the word that the store holds nothing any more (`ObjectsErased`) are there before anything is
removed. How many files there were is noted first, so that the proof counts them all, whatever dies in between. The proof leaves the box
too, so that after a total loss the gap in the chain is still explained.
"""

from __future__ import annotations

import logging
from pathlib import Path

from appliance import erasure, jobs, keys, papers, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.jobs import Job
from appliance.ledger import Ledger, append
from appliance.lookup import get_recording, legs
from appliance.moments import SECOND
from appliance.records import CallErased, ObjectsErased, Record, TieReason

_LEASE = 300 * SECOND
_HELD_WAIT = 3600 * SECOND
_BUSY_WAIT = 5 * SECOND

log = logging.getLogger(__name__)


class Unlinking:
    """Does the janitor's part of every erasure that is due."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._jobs = jobs.Jobs(ledger, jobs.holder("janitor"))
        self._jobs.release_dead(erasure.UNLINK)
        self._to_forget = True
        """Whether the log of changes may still hold what was erased; so it is after every start."""

    def step(self) -> int:
        """Finish all erasures that are due; returns how many."""
        count = 0
        while (job := self._jobs.claim(erasure.UNLINK, self._clock.now(), _LEASE)) is not None:
            try:
                count += self._one(job)
            except (CouldNotError, OSError) as error:
                log.warning("the erasure of %s waits: %s", job.subject, error)
                self._jobs.retry(job, self._clock.now(), str(error))
        if count or self._to_forget:
            self._to_forget = not self._ledger.forget()
        return count

    def _one(self, job: Job) -> bool:
        name = job.body["recording"]
        recording = get_recording(self._ledger.connection, name) if name else None
        if recording is not None and recording.held:
            self._jobs.retry(job, self._clock.now(), erasure.HELD, wait=_HELD_WAIT, forgive=True)
            return False
        query = "SELECT 1 FROM job WHERE kind = 'render' AND subject = ? AND state != 'done'"
        if self._ledger.connection.execute(query, (job.subject,)).fetchone():
            self._jobs.retry(job, self._clock.now(), "its recording is being made", wait=_BUSY_WAIT, forgive=True)
            return False
        files, folders = self._on_the_box(job.subject, recording)
        count = max(len(files) + len(folders), int(job.body.get("files", 0)))
        self._jobs.note(job, files=count)
        self._finish(job, recording, count, (files, folders))
        log.info("%s is erased", job.subject)
        return True

    def _finish(self, job: Job, recording: Recording | None, count: int, there: tuple[list[Path], list[Path]]) -> None:
        """Remove, then say so; without the signing key nothing is removed, for it could not be proven."""
        now, who, why = self._clock.now(), str(job.body["who"]), str(job.body["why"])
        records: list[Record] = []
        leaving: dict[str, bytes] = {}
        if recording is not None and recording.erased_at is None:
            gone = [row.record for row in self._ledger.of(job.subject) if isinstance(row.record, ObjectsErased)]
            objects, removed = sum(one.objects for one in gone), sum(one.removed for one in gone)
            key = keys.present_signing_key(self._box.folders.keys)
            proof = erasure.prove(recording, objects, removed, count, who, why, now, key)
            records.append(proof)
            leaving[proof.recording] = erasure.paper(proof, key)
        for path in there[0]:
            shelf.remove(path)
        for folder in there[1]:
            shelf.remove_tree(folder, self._box.folders.spool)
        with self._ledger.transaction() as connection:
            if job.body["facts_too"]:
                line_too = bool(job.body["line_too"])
                for call in (job.subject, *self._told_too(job.subject)):
                    self._redact(call, line_too)
                    records.append(CallErased(at=now, call=call, who=who, why=why, line_too=line_too))
            append(connection, records)
            for subject, document in leaving.items():
                papers.queue(connection, f"erasure of {subject}", papers.name(papers.ERASURES, now, document), document, now)
            jobs.finish(connection, job, now)

    def _told_too(self, call: str) -> list[str]:
        """The same call as the telephone system told of it: nobody sees it in the list, so that nobody would ask for it."""
        return [leg.id for leg in legs(self._ledger.connection, call) if leg.tied_by == TieReason.PBX]

    def _redact(self, call: str, line_too: bool) -> None:
        connection = self._ledger.connection
        columns = "caller, caller_raw, caller_e164, called, called_raw, called_e164"
        row = connection.execute(f"SELECT {columns} FROM call WHERE id = ?", (call,)).fetchone()  # noqa: S608 - ours
        lines = {
            number for line in self._box.config.lines for number in (line.number, self._box.config.number(line.number).national)
        }
        numbers = {text for text in row or () if text} - ({*lines} if not line_too else set())
        erasure.forget_samples(connection, numbers)
        erasure.redact(connection, call, line_too=line_too)

    def _on_the_box(self, call: str, recording: Recording | None) -> tuple[list[Path], list[Path]]:
        """(files, folders of the spool) that hold something of this call."""
        at = self._box.folders
        files = list(at.quarantine.glob(f"{call}.*")) + list(at.quarantine.glob(f".{call}.*"))
        if recording is not None:
            names = (recording.facts.file, recording.facts.manifest)
            files += [path for name in names if (path := at.recordings / name).exists()]
            day = (at.recordings / recording.facts.file).parent
            files += list(day.glob(f".{recording.facts.recording}.*{shelf.PART}"))
        return files, [folder for folder in at.spool.glob(f"*/{call}") if folder.is_dir()]
