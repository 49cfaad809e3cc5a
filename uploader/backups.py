"""Backups of the box in the store: brought there, listed, fetched; and what was stored after one, told again from its manifests.

`catch_up` is for a box that was replaced: its ledger is of last night, the store is of the last minute. It fetches manifests alone, not
the sound: the recordings stay where they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance import jobs, manifest, retelling, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import BackupStored, RecordingExpired, RecordingReady, UploadDone
from appliance.sealed import SealedError, open_sealed
from uploader import objects
from uploader.delivery import Parcel, deliver
from uploader.headers import Whole
from uploader.restore import MAX_MANIFEST
from uploader.store import Store, Stored, StoreError, open_store

JOB = "backup"
"""Kind of the job that brings a backup to the store (`provisioning/backup.py` queues it)."""
RULE = "the box was replaced"


def bring(box: Box, store: Store, job: jobs.Job, now: int) -> BackupStored:
    """Store the backup of this job and read it back. Raises StoreError."""
    site, file = box.config.site, str(job.body["file"])
    path = box.folders.data / "backups" / file
    key = objects.backup_key(site.contract, site.epoch, file.removesuffix(".tar.age"), str(job.body["sha256"]))
    size = deliver(store, Parcel(key, path, str(job.body["sha256"])))
    return BackupStored(at=now, backup=file, store=box.config.store.kind, key=key, bytes=size)


def listed(box: Box, store: Store) -> list[Stored]:
    """Every backup of the contract, oldest first. Raises StoreError."""
    found = [stored for stored in store.list(objects.prefix(box.config.site.contract)) if objects.is_backup(stored.key)]
    return sorted(found, key=lambda stored: stored.key.rpartition("/")[2])


def fetch(store: Store, key: str, target: Path) -> int:
    """Bring one here; returns its size. Raises StoreError or ShelfError."""
    size = 0
    with shelf.create(target, 0o600) as out:
        for piece in store.read(key):
            size += out.write(piece)
    return size


def catch_up(box: Box, ledger: Ledger, identities: Sequence[Identity], clock: Clock) -> tuple[int, list[str]]:
    """Entry point of `provisioning replace`: how many recordings of the store are told again, and what was wrong. Raises CouldNotError."""
    if not identities:
        return 0, ["nothing of the store could be told again: no key opens its manifests; name one with --identity"]
    store = Whole(open_store(box))
    known = {row[0] for row in ledger.connection.execute("SELECT id FROM recording")}
    count, problems = 0, []
    for key, manifest_key in _unknown(box, store, known):
        try:
            ledger.append(*_told(box, store, key, manifest_key, identities, clock))
            count += 1
        except (StoreError, SealedError, manifest.ManifestError, CouldNotError, sqlite3.Error) as error:
            problems.append(f"{manifest_key}: {error}")
        except retelling.MALFORMED as error:
            problems.append(f"{manifest_key}: is no manifest of a recording ({error!r})")
    return count, problems


def _unknown(box: Box, store: Whole, known: set[str]) -> Iterator[tuple[str, str]]:
    """(recording, manifest) of those the ledger does not know, by day."""
    names = [(stored.key, objects.read_key(stored.key)) for stored in store.list(objects.prefix(box.config.site.contract))]
    for key, name in sorted(names, key=lambda item: item[0]):
        if name is not None and name.kind != "json" and name.recording not in known:
            yield key, objects.manifest_key(key)


def _told(
    box: Box, store: Whole, key: str, manifest_key: str, identities: Sequence[Identity], clock: Clock
) -> list[RecordingReady | UploadDone | RecordingExpired]:
    sealed = b""
    for piece in store.read(manifest_key):
        sealed += piece
        if len(sealed) > MAX_MANIFEST:
            raise SealedError("is larger than a manifest can be")
    signed = manifest.decode(open_sealed(sealed, identities))
    manifest.check_signature(signed.chain, signed.signature, signed.public_key)
    records = list(retelling.records_of(signed, sealed))
    facts, now = signed.facts["recording"], clock.now()
    stored = UploadDone(
        at=now, recording=facts["recording"], store=box.config.store.kind, key=key, manifest_key=manifest_key, bytes=facts["bytes"],
        sha256=facts["sealed_sha256"], verified="read-back",
    )  # fmt: skip
    return [*records, stored, RecordingExpired(at=now, recording=facts["recording"], rule=RULE)]  # type: ignore[list-item]
