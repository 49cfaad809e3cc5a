"""A site brought back from its store alone: manifests opened, recordings fetched and checked, rows written as they were.

Restoring is the only proof that storing worked, so nothing here trusts the ledger: the list of objects and the keys in hand are
enough. A recording is taken in only if its manifest's signature and its sealed hash hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from appliance import checkpoints, erasure, manifest, retelling, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import CheckpointSigned, UploadDone
from appliance.sealed import SealedError, SealedReader, open_sealed
from uploader import objects
from uploader.headers import Whole
from uploader.store import Store, StoreError, open_store

MAX_MANIFEST = 16 * 1024 * 1024


@dataclass(slots=True)
class Restored:
    """What came of it."""

    recordings: int = 0
    present: int = 0
    """Were here already."""
    erased: int = 0
    """Were erased, of which the proof came back."""
    problems: list[str] = field(default_factory=list)
    public_keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Found:
    key: str
    """The recording's key."""
    manifest_key: str
    sealed_manifest: bytes
    signed: manifest.Manifest


def restore(box: Box, ledger: Ledger, store: Store, identities: Sequence[Identity], clock: Clock, signer: str = "") -> Restored:
    """Bring back every recording of the contract; with `signer` (a public key in hex) only what that box signed.

    Raises CouldNotError where nothing can be opened, or where this box has recordings of its own.
    """
    done, store = Restored(), Whole(store)
    found = sorted(_manifests(box, store, identities, done, signer.strip().lower()), key=_order)
    if done.problems and not found:
        raise CouldNotError(f"{len(done.problems)} manifests are in the store and none could be opened: {done.problems[0]}")
    for item in found:
        try:
            _take(box, ledger, store, item, clock, done, identities)
        except (StoreError, SealedError, manifest.ManifestError, shelf.ShelfError) as error:
            done.problems.append(f"{item.key}: {error}")
        except retelling.MALFORMED as error:
            done.problems.append(f"{item.manifest_key}: is no manifest of a recording ({error!r})")
    _explain(box, ledger, store, done, signer.strip().lower())
    _compare(box, ledger, store, done, signer.strip().lower())
    return done


def restore_into(box: Box, ledger: Ledger, identities: Sequence[Identity], clock: Clock, signer: str) -> tuple[int, list[str]]:
    """Entry point of `appliance doctor --rebuild`: how many recordings the store gave back, and what was wrong. Raises CouldNotError."""
    done = restore(box, ledger, open_store(box), identities, clock, signer)
    return done.recordings, done.problems


def _explain(box: Box, ledger: Ledger, store: Store, done: Restored, signer: str) -> None:
    """Take in the proofs of what was erased, where the ledger lacks it: the chain has no gap that nobody explains."""
    for stored in store.list(objects.prefix(box.config.site.contract)):
        if not objects.is_erasure(stored.key):
            continue
        try:
            place, gone = erasure.retell(_small(store, stored.key), signer)
            if not signer and done.public_keys and manifest.decode(gone.proof.encode()).public_key not in done.public_keys:
                raise manifest.ManifestError("is signed by another box than the recordings")
        except (StoreError, SealedError, manifest.ManifestError) as error:
            done.problems.append(f"{stored.key}: {error}")
            continue
        taken = ledger.connection.execute("SELECT id FROM recording WHERE sequence = ?", (place.sequence,)).fetchone()
        if taken is None:
            ledger.append(place, gone)
            done.erased += 1
        elif taken["id"] != place.recording:
            done.problems.append(f"{stored.key}: speaks of another recording than this box has under the number {place.sequence}")


def _compare(box: Box, ledger: Ledger, store: Store, done: Restored, signer: str) -> None:
    """Take in the checkpoints of the store, and say where the chain that came back is not the one they vouch for."""
    found: list[CheckpointSigned] = []
    for stored in store.list(objects.prefix(box.config.site.contract)):
        if not objects.is_checkpoint(stored.key):
            continue
        try:
            one = checkpoints.read(_small(store, stored.key))
            if one.public_key not in ({signer} if signer else done.public_keys):
                raise manifest.ManifestError("is signed by another box than the recordings")
            shelf.write(box.folders.checkpoints / one.file, checkpoints.document(one))
        except (StoreError, SealedError, manifest.ManifestError, shelf.ShelfError) as error:
            done.problems.append(f"{stored.key}: {error}")
            continue
        ledger.append(one)
        found.append(one)
    try:
        done.problems += checkpoints.check(found, checkpoints.leaves(ledger), None, box.config.site.contract)
    except checkpoints.CheckpointError as error:
        done.problems += [str(error)] if found else []


def _order(item: _Found) -> tuple[int, int]:
    """By epoch and sequence, as they were made; what has neither comes last and is named as a problem."""
    epoch, sequence = item.signed.facts.get("epoch"), item.signed.facts.get("sequence")
    return (epoch, sequence) if isinstance(epoch, int) and isinstance(sequence, int) else (1 << 62, 0)


def _manifests(box: Box, store: Store, identities: Sequence[Identity], done: Restored, signer: str) -> Iterator[_Found]:
    keys = [stored.key for stored in store.list(objects.prefix(box.config.site.contract))]
    beside = {objects.manifest_key(key): key for key in keys if (name := objects.read_key(key)) and name.kind != "json"}
    alone = [key for key in keys if (name := objects.read_key(key)) and name.kind == "json" and key not in beside]
    done.problems += [f"{key}: the recording that it describes is not in the store" for key in alone]
    for manifest_key, key in sorted(beside.items()):
        try:
            sealed = _small(store, manifest_key)
            signed = manifest.decode(open_sealed(sealed, identities))
            manifest.check_signature(signed.chain, signed.signature, signer or signed.public_key)
        except (StoreError, SealedError, manifest.ManifestError) as error:
            done.problems.append(f"{manifest_key}: {error}")
            continue
        done.public_keys.add(signed.public_key)
        yield _Found(key, manifest_key, sealed, signed)


def _small(store: Store, key: str) -> bytes:
    whole = b""
    for piece in store.read(key):
        whole += piece
        if len(whole) > MAX_MANIFEST:
            raise SealedError("is larger than a manifest can be")
    return whole


def _take(
    box: Box, ledger: Ledger, store: Whole, item: _Found, clock: Clock, done: Restored, identities: Sequence[Identity]
) -> None:
    facts = item.signed.facts["recording"]
    records = list(retelling.records_of(item.signed, item.sealed_manifest))
    stored = UploadDone(
        at=clock.now(), recording=facts["recording"], store=box.config.store.kind, key=item.key, manifest_key=item.manifest_key,
        bytes=facts["bytes"], sha256=facts["sealed_sha256"], verified="read-back",
    )  # fmt: skip
    taken = ledger.connection.execute("SELECT id FROM recording WHERE sequence = ?", (item.signed.facts["sequence"],)).fetchone()
    if taken is not None and taken["id"] != facts["recording"]:
        raise StoreError("this box has recordings of its own with the same numbers; restore onto an empty folder (--data)")
    if taken is not None and (box.folders.recordings / facts["file"]).exists():
        done.present += 1
        return
    _fetch(box, store, item, facts, identities)
    ledger.append(*records, stored)
    done.recordings += 1


def _fetch(box: Box, store: Whole, item: _Found, facts: dict[str, Any], identities: Sequence[Identity]) -> None:
    path = box.folders.recordings / facts["file"]
    found = hashlib.sha256()
    with shelf.create(path) as file:
        for piece in store.read(item.key):
            found.update(piece)
            file.write(piece)
        file.flush()
        rotated = found.hexdigest() != facts["sealed_sha256"] and store.is_rotated(item.key)
        if rotated and _clear_sha256(file, identities) != facts["plain_sha256"]:
            raise SealedError("the stored object does not hold the sound that its manifest describes")
        if not rotated and found.hexdigest() != facts["sealed_sha256"]:
            raise SealedError("the stored object is not what its manifest describes")
    shelf.write(path.with_name(f"{facts['recording']}.json.age"), item.sealed_manifest)


def _clear_sha256(file: IO[bytes], identities: Sequence[Identity]) -> str:
    """What the signed manifest also knows of: since its keys were rotated the sealed bytes begin otherwise. "" where it does not open."""
    clear = hashlib.sha256()
    try:
        reader = SealedReader(file, identities)
        while piece := reader.read(1 << 20):
            clear.update(piece)
    except SealedError:
        return ""
    return clear.hexdigest()


def as_json(done: Restored) -> str:
    """The outcome for `--json`."""
    return json.dumps(
        {
            "recordings": done.recordings,
            "present": done.present,
            "erased": done.erased,
            "problems": done.problems,
            "public_keys": sorted(done.public_keys),
        },
        ensure_ascii=False,
    )
