"""The janitor's part of a disclosure: it has the box's signing key and no network. Clear bytes lie in the run folder
only, which is memory on a box."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path
from typing import IO, cast

from appliance import jobs, keys, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.jobs import Job
from appliance.ledger import Ledger
from appliance.library.bundle.make import Request, make
from appliance.library.disclosure import JOB, KEPT, calls_behind, sealed_file, sheet
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.sealed import SealingFile

_LEASE = 900 * SECOND

log = logging.getLogger(__name__)


class Packing:
    """Packs what was asked for, and lets go what nobody fetched."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._jobs = jobs.Jobs(ledger, jobs.holder("packing"))
        self._jobs.release_dead(JOB)

    def step(self) -> None:
        """Everything that is due."""
        while (job := self._jobs.claim(JOB, self._clock.now(), _LEASE)) is not None:
            try:
                self._pack(job)
            except (CouldNotError, OSError) as error:
                log.warning("disclosure %s: %s", job.subject, error)
                self._jobs.park(job, self._clock.now(), str(error))
                continue
            self._jobs.finish(job, self._clock.now())
            log.info("disclosure %s is ready", job.subject)
        self._let_go()

    def _pack(self, job: Job) -> None:
        box, now = self._box, self._clock.now()
        found = [get_recording(self._ledger.connection, name) for name in job.body["recordings"]]
        whole = [recording for recording in found if recording is not None]
        calls = calls_behind(self._ledger, whole)
        request = Request(
            who=str(job.body["who"]), why=str(job.body["why"]), to=None, now=now, for_person=True,
            more={"calls.csv": sheet(box.config, calls)},
        )  # fmt: skip
        identity = keys.playback_identity(box.folders.keys, now)
        staging = box.folders.run / f"disclosure-{job.subject}"
        shelf.remove_tree(staging, box.folders.run)
        try:
            make(box, self._ledger, whole, staging, [identity], keys.present_signing_key(box.folders.keys), request)
            shelf.make_folder(box.folders.disclosures)
            with shelf.create(sealed_file(box, job.subject), 0o660) as out, SealingFile(out, [identity.recipient]) as sealed:
                zipped(staging, f"disclosure-{job.subject}", cast("IO[bytes]", sealed))
        finally:
            shelf.remove_tree(staging, box.folders.run)

    def _let_go(self) -> None:
        """Packages that nobody fetched, and what a death while one was fetched left."""
        folder = self._box.folders.disclosures
        before = (self._clock.now() - KEPT) / SECOND
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.stat().st_mtime < before:
                shelf.remove(path)
                log.info("%s: nobody fetched it in a week; it is gone", path.name)


def zipped(folder: Path, name: str, out: IO[bytes]) -> None:
    """The folder as a ZIP, written from the beginning to the end."""
    with zipfile.ZipFile(cast("IO[bytes]", _Onward(out)), "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"{name}/{path.relative_to(folder).as_posix()}")


class _Onward:
    """A file that can only be written on: what was sealed cannot be changed, and so the ZIP must not want to."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        """Write on."""
        return self._out.write(data)

    def flush(self) -> None:
        """It is flushed when it is whole."""
