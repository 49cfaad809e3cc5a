"""Signed checkpoints: now and then the box vouches for the whole chain so far, and the word leaves the box.

The chain shows what was taken out of its middle, not that its end was cut off. A checkpoint does: it names how many recordings there
are and the root of the tree (`merkle.py`) over them. It is a row, a file, and a plain object in the store (it holds nothing personal),
where whoever has the box cannot take it back. The leaf of recording number n is its chain value, so that leaves outlive an erasure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from appliance import doorbell, manifest, merkle, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ids import hash_id
from appliance.jobs import NewJob, enqueue
from appliance.keys import SigningKey
from appliance.ledger import Ledger, append
from appliance.moments import SECOND, isoformat
from appliance.records import CheckpointSigned

JOB = "checkpoint"
"""Kind of the job that brings a checkpoint to the store."""
QUIET = 24 * 3600 * SECOND
"""A chain that does not grow is vouched for this often all the same."""
_MAX_FILE = 1 << 20
_NOT_SIGNED = frozenset({"at", "checkpoint", "file", "chain", "signature", "public_key"})


class CheckpointError(CouldNotError):
    """The chain is not as it was when the last checkpoint was signed, so that none can be signed now."""


def leaves(ledger: Ledger) -> list[bytes]:
    """The leaf hashes of all recordings, in the order of the chain. Raises CheckpointError where a number is missing."""
    found = []
    rows = ledger.connection.execute("SELECT sequence, json_extract(body, '$.chain') FROM recording ORDER BY sequence")
    for place, (sequence, chain) in enumerate(rows, start=1):
        if sequence != place:
            raise CheckpointError(f"the chain has a gap: number {sequence} follows {place - 1}; run: appliance verify --all")
        found.append(leaf(chain))
    return found


def leaf(chain: str) -> bytes:
    """The leaf hash of the recording with this chain value."""
    return merkle.leaf_hash(chain.encode("ascii", "replace"))


def all_signed(ledger: Ledger) -> Iterator[CheckpointSigned]:
    """Every checkpoint of the ledger, oldest first."""
    row = 0
    while found := ledger.since(row, (CheckpointSigned,)):
        for one in found:
            assert isinstance(one.record, CheckpointSigned)  # `since` was told so
            yield one.record
        row = found[-1].id


def latest(ledger: Ledger) -> CheckpointSigned | None:
    """The newest checkpoint of the ledger."""
    row = ledger.latest(CheckpointSigned)
    return row.record if row is not None and isinstance(row.record, CheckpointSigned) else None


def due(ledger: Ledger, now: int) -> bool:
    """Whether the chain has grown since the last checkpoint, or that one is a day old."""
    count = int(ledger.connection.execute("SELECT count(*) FROM recording").fetchone()[0])
    last = latest(ledger)
    return bool(count) and (last is None or last.size != count or now - last.at >= QUIET)


def sign(box: Box, ledger: Ledger, key: SigningKey, now: int) -> CheckpointSigned:
    """Sign, write and queue a checkpoint of the chain as it is. Raises CheckpointError where its beginning was changed."""
    all_leaves, last = leaves(ledger), latest(ledger)
    if not all_leaves:
        raise CheckpointError("there is no recording yet that a checkpoint could vouch for")
    if last is not None:
        _check_beginning(last, all_leaves)
    head = ledger.connection.execute(
        "SELECT json_extract(body, '$.chain') FROM recording ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    site = box.config.site
    facts = {
        "contract": site.contract, "serial": site.serial, "epoch": site.epoch, "size": len(all_leaves),
        "root": merkle.root(all_leaves).hex(), "head": head[0], "previous": last.chain if last else manifest.FIRST, "signed_at": now,
    }  # fmt: skip
    signed = manifest.sign(facts, key, manifest.CHECKPOINT)
    record = _record(signed)
    shelf.write(box.folders.checkpoints / record.file, signed.encode())
    with ledger.transaction() as connection:
        append(connection, [record])
        enqueue(connection, [NewJob(kind=JOB, subject=record.checkpoint, body={})], now)
    doorbell.ring(box.folders.run)
    return record


def _check_beginning(last: CheckpointSigned, all_leaves: list[bytes]) -> None:
    if last.size > len(all_leaves):
        raise CheckpointError(
            f"the end of the chain was cut off: {last.size} recordings were vouched for, {len(all_leaves)} are here"
        )
    if merkle.root(all_leaves[: last.size]).hex() != last.root:
        raise CheckpointError(f"the first {last.size} recordings are not those that were vouched for; run: appliance verify --all")


def _record(signed: manifest.Manifest) -> CheckpointSigned:
    facts = signed.facts
    return CheckpointSigned(
        at=int(facts["signed_at"]), checkpoint=hash_id("checkpoint", signed.chain), contract=str(facts["contract"]),
        serial=str(facts["serial"]), epoch=int(facts["epoch"]), size=int(facts["size"]), root=str(facts["root"]),
        head=str(facts["head"]), previous=str(facts["previous"]), file=f"{int(facts['size']):012}-{signed.chain[:16]}.json",
        chain=signed.chain, signature=signed.signature, public_key=signed.public_key,
    )  # fmt: skip


def document(record: CheckpointSigned) -> bytes:
    """The checkpoint as it is written into files and objects."""
    facts = {name: value for name, value in asdict(record).items() if name not in _NOT_SIGNED}
    facts |= {"signed_at": record.at, "version": manifest.VERSION}
    return manifest.Manifest(facts=facts, chain=record.chain, signature=record.signature, public_key=record.public_key).encode()


def read(text: bytes) -> CheckpointSigned:
    """The checkpoint in this document, its signature checked by the key it names. Raises ManifestError."""
    signed = manifest.decode(text)
    try:
        record = _record(signed)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise manifest.ManifestError(f"is no checkpoint ({error!r})") from error
    if json.loads(document(record)) != json.loads(text):
        raise manifest.ManifestError("is no checkpoint (it has other fields)")
    manifest.check_signature(record.chain, record.signature, record.public_key, manifest.CHECKPOINT)
    return record


def read_file(path: Path) -> CheckpointSigned:
    """The checkpoint in this file. Raises CouldNotError with one sentence."""
    try:
        with path.open("rb") as file:
            return read(file.read(_MAX_FILE))
    except OSError as error:
        raise CouldNotError(f"{path}: cannot be read ({error.strerror}); name the file of a checkpoint") from error
    except manifest.ManifestError as error:
        raise CouldNotError(f"{path}: {error}; name the file of a checkpoint, as it lies in the store") from error


def known(ledger: Ledger, folder: Path, problems: list[str]) -> list[CheckpointSigned]:
    """Every checkpoint of ledger and folder; what is no checkpoint, or lies in one of the two only, is added to `problems`."""
    rows = {record.checkpoint: record for record in all_signed(ledger)}
    files: dict[str, CheckpointSigned] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            found = read_file(path)
        except CouldNotError as error:
            problems.append(str(error))
            continue
        files[found.checkpoint] = found
        if found.checkpoint not in rows:
            problems.append(f"checkpoint {found.file} has a file and no row: the ledger was changed, or is older than its files")
    problems += [
        f"checkpoint {record.file} has a row and no sound file" for name, record in rows.items() if name not in files
    ]  # fmt: skip
    return list((rows | files).values())


def check(found: Iterable[CheckpointSigned], all_leaves: list[bytes], public_key: str | None, contract: str) -> Iterator[str]:
    """What is wrong between these checkpoints and the chain that is here, a sentence each."""
    ordered = sorted(found, key=lambda one: (one.size, one.at))
    roots = dict(merkle.roots_at(all_leaves, {one.size for one in ordered}))
    chains = {one.chain for one in ordered} | {manifest.FIRST}
    for one in ordered:
        name = f"checkpoint {one.file} of {isoformat(one.at)[:19]}Z"
        try:
            manifest.decode(document(one))
            manifest.check_signature(one.chain, one.signature, public_key or one.public_key, manifest.CHECKPOINT)
        except manifest.ManifestError as error:
            other = f" (it is of the contract {one.contract}, this box serves {contract})" if one.contract != contract else ""
            yield f"{name}: {error}{other}"
            continue
        if one.size > len(all_leaves):
            yield f"{name} counts {one.size} recordings, {len(all_leaves)} are here: the end of the chain was cut off"
        elif roots[one.size].hex() != one.root:
            yield f"{name} vouches for other recordings than the first {one.size} that are here"
        if one.previous not in chains:
            yield f"{name} names one before it that is not here: a checkpoint was taken away"


def sha256(record: CheckpointSigned) -> str:
    """Of the document, in hex: what a time-stamping authority is asked to vouch for."""
    return hashlib.sha256(document(record)).hexdigest()
