"""A site brought back from its store alone: manifests opened, recordings fetched and checked, rows written as they were.

Restoring is the only proof that storing worked, so nothing here trusts the ledger: the list of objects and the keys in hand are
enough. A recording is taken in only if its manifest's signature and its sealed hash hold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import IO, Any

from appliance import manifest, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import CallAnswered, CallEnded, CallRinging, Record, RecordingReady, UploadDone, with_tuples
from appliance.sealed import SealedError, SealedReader, open_sealed
from uploader import objects
from uploader.headers import Whole
from uploader.store import Store, StoreError

MAX_MANIFEST = 16 * 1024 * 1024
_FILE = re.compile(r"\d{4}/\d\d/\d\d/(?P<id>[a-z2-7]{16})\.(?P<format>[a-z0-9]+)\.age\Z", re.ASCII)
_HOLDS: dict[str, tuple[type, ...]] = {
    "int": (int,), "int | None": (int, type(None)), "str": (str,), "str | None": (str, type(None)), "bool": (bool,),
    "float": (int, float), "tuple[str, ...]": (tuple,), "Mapping[str, Any]": (dict,),
}  # fmt: skip
"""The types of fields in `appliance/records.py`, as they are written there."""


@dataclass(slots=True)
class Restored:
    """What came of it."""

    recordings: int = 0
    present: int = 0
    """Were here already."""
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
        except (StoreError, SealedError, shelf.ShelfError) as error:
            done.problems.append(f"{item.key}: {error}")
        except (KeyError, TypeError, AttributeError) as error:
            done.problems.append(f"{item.manifest_key}: is no manifest of a recording ({error!r})")
    return done


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
    _check_file(facts)
    records = list(_records(item, facts, box.config.store.kind, clock.now()))
    for record in records:
        _check_types(record)
    taken = ledger.connection.execute("SELECT id FROM recording WHERE sequence = ?", (item.signed.facts["sequence"],)).fetchone()
    if taken is not None and taken["id"] != facts["recording"]:
        raise StoreError("this box has recordings of its own with the same numbers; restore onto an empty folder (--data)")
    if taken is not None and (box.folders.recordings / facts["file"]).exists():
        done.present += 1
        return
    _fetch(box, store, item, facts, identities)
    ledger.append(*records)
    done.recordings += 1


def _check_file(facts: dict[str, Any]) -> None:
    """The file's name is ours: whoever may write into the bucket may also have written the manifest."""
    found = _FILE.match(facts["file"])
    if found is None or (found["id"], found["format"]) != (facts["recording"], facts["format"]):
        raise SealedError("names a file outside the recordings folder")


def _check_types(record: Record) -> None:
    """Every field holds what the vocabulary says. Raises TypeError."""
    for told in fields(record):
        value = getattr(record, told.name)
        if not isinstance(value, _HOLDS[str(told.type)]) or (isinstance(value, int) and abs(value) >= 1 << 63):
            raise TypeError(f"{record.kind}.{told.name} is {str(value)[:40]!r}")


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


def _records(item: _Found, facts: dict[str, Any], store: str, now: int) -> Iterator[Record]:
    signed = item.signed
    call = signed.facts["call"]
    yield CallRinging(
        at=call["started_at"], call=call["id"], direction=call["direction"], caller=call["caller"], caller_raw=call["caller_raw"],
        caller_e164=call["caller_e164"], caller_name=call["caller_name"], caller_reason=call["caller_reason"],
        called=call["called"], called_raw=call["called_raw"], called_e164=call["called_e164"], line=call["line"],
        start_seen=call["start_seen"], via=call["via"], sip_call_id="", headers=(),
    )  # fmt: skip
    if call["answered_at"] is not None:
        yield CallAnswered(at=call["answered_at"], call=call["id"])
    if call["ended_at"] is not None:
        yield CallEnded(
            at=call["ended_at"], call=call["id"], reason=call["end_reason"], sip_status=call["sip_status"],
            started_at=call["started_at"], ringing_at=call["ringing_at"], answered_at=call["answered_at"],
            end_seen=bool(call["end_seen"]),
        )  # fmt: skip
    told: dict[str, Any] = with_tuples(facts)
    beside = facts["file"].rpartition("/")[0] + f"/{facts['recording']}.json.age"
    yield RecordingReady(
        at=signed.facts["signed_at"], **told, manifest=beside,
        manifest_sha256=hashlib.sha256(item.sealed_manifest).hexdigest(),
        epoch=signed.facts["epoch"], sequence=signed.facts["sequence"],
        previous=signed.facts["previous"], chain=signed.chain, signature=signed.signature,
    )  # fmt: skip
    yield UploadDone(
        at=now, recording=facts["recording"], store=store, key=item.key, manifest_key=item.manifest_key, bytes=facts["bytes"],
        sha256=facts["sealed_sha256"], verified="read-back",
    )  # fmt: skip


def as_json(done: Restored) -> str:
    """The outcome for `--json`."""
    return json.dumps(
        {
            "recordings": done.recordings,
            "present": done.present,
            "problems": done.problems,
            "public_keys": sorted(done.public_keys),
        },
        ensure_ascii=False,
    )
