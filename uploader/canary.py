"""The canary: what this store can do and what it refuses, tried out instead of believed; at set-up, and every day.

It writes small objects below `v1/CONTRACT/EPOCH/canary/`, reads them back, and then tries with the box's own credential what an honest
store refuses: bytes with a wrong checksum, others over them, deleting them, listing what is others'. What the settings demand
(`store.must_refuse`) and the store lets happen is a problem with its mend; what is merely not offered is said.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from appliance import shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.moments import SECOND, to_datetime
from appliance.records import StoreProbed
from uploader import objects
from uploader.source import Source
from uploader.store import Daring, MissingObjectError, Parts, Store, StoreAgainError, StoreError, StoreRefusedError

CLOCK_S = 300.0
"""Further off than this is said: a signature is refused from 900 s on."""
TRUSTED = 8 * 24 * 3600 * SECOND
"""The canary comes daily; what it found is believed this long."""
_READ, _WRITE, _CHECKSUM, _KEEPS = "read", "write", "wrong-checksum", "only-new"


class Capability(NamedTuple):
    """One thing the store does (True), does not (False), or could not be asked (None)."""

    name: str
    holds: bool | None
    words: str
    mend: str = ""
    """What a person does where it does not hold and has to; "" where nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a canary needs: the store, a folder for its small file, where its objects may lie, what has to be refused."""

    store: Store
    folder: Path
    prefix: str
    must_refuse: frozenset[str]


def probe(store: Store, box: Box, clock: Clock) -> list[Capability]:
    """Try everything. Raises StoreAgainError where the store is not reached at all."""
    site = box.config.site
    at = to_datetime(clock.now())
    prefix = f"{objects.box_prefix(site.contract, site.epoch)}canary/{at:%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
    box.folders.data.mkdir(parents=True, exist_ok=True)
    asked = Probe(store, box.folders.data, prefix, frozenset(box.config.store.must_refuse))
    found = list(_basics(asked))
    if found[0].holds:
        found += [*_parts(asked), *_refusals(asked)]
    able = {capability.name: capability.holds for capability in found}
    if found[0].holds and not able[_READ] and not able.get(_CHECKSUM):
        found.append(
            Capability(
                "verify", False, "neither can objects be read back nor is a wrong checksum refused: nothing would count as stored",
                "let the credential read below the contract's prefix, or choose a provider that checks x-amz-checksum-sha256",
            )
        )  # fmt: skip
    return found


def record_of(box: Box, clock: Clock, found: list[Capability]) -> StoreProbed:
    """What was found, for the ledger, where the deliveries and the health page read it."""
    return StoreProbed(
        at=clock.now(), store=box.config.store.kind, capabilities={one.name: one.holds for one in found},
        problems=tuple(f"{one.words}; {one.mend}" for one in found if one.mend), settings=fingerprint(box),
    )  # fmt: skip


class Trust(NamedTuple):
    """What the newest canary found of this very store, so far as it decides how things are delivered."""

    blind: bool = False
    """We may read nothing back."""
    checked: bool = False
    """What does not match its checksum is refused."""
    keeps: bool = False
    """What lies under a key is left when we ask to write only what is new."""


def trust(ledger: Ledger, box: Box, now: int) -> Trust:
    """What may be taken on this store's word. What was found of other settings, or long ago, is worth nothing."""
    row = ledger.latest(StoreProbed, box.config.store.kind)
    if row is None or not isinstance(row.record, StoreProbed) or row.record.settings not in ("", fingerprint(box)):
        return Trust()
    able = row.record.capabilities
    taken = able.get(_WRITE) is True and able.get(_CHECKSUM) is True
    blind = taken and able.get(_READ) is False
    fresh = now - row.record.at < TRUSTED
    return Trust(blind, blind or (taken and fresh), able.get(_WRITE) is True and able.get(_KEEPS) is True and fresh)


def fingerprint(box: Box) -> str:
    """Which store these settings name."""
    return hashlib.sha256(box.config.store.model_dump_json(include={"kind", "options"}).encode()).hexdigest()[:16]


def nothing_to_read(ledger: Ledger, kind: str) -> bool:
    """Whether this store was found to let us read or list nothing: samples and drills are then somebody else's, with another credential."""
    row = ledger.latest(StoreProbed, kind)
    able = row.record.capabilities if row is not None and isinstance(row.record, StoreProbed) else {}
    return able.get(_READ) is False or able.get("list") is False


def lines(found: list[Capability]) -> Iterator[str]:
    """The report as a person reads it."""
    for one in found:
        mark = {True: "yes", False: "no", None: "-"}[one.holds]
        yield f"{mark:4} {one.name:15} {one.words}" + (f"\n     {'':15} → {one.mend}" if one.mend else "")


def _basics(asked: Probe) -> Iterator[Capability]:
    body = os.urandom(64)
    key = f"{asked.prefix}-kept"
    try:
        with _file(asked, body) as source:
            asked.store.put(key, source)
    except StoreRefusedError as error:
        yield Capability(
            _WRITE, False, f"objects are not taken: {error}", "mend what it names; recordings stay on the box until then"
        )
        return
    yield Capability(_WRITE, True, "objects are taken")
    try:
        same = b"".join(asked.store.read(key)) == body
        yield Capability(_READ, same, "an object is read back as it was sent" if same else "an object comes back CHANGED",
                         "" if same else "do not use this store; ask the provider")  # fmt: skip
    except (StoreRefusedError, MissingObjectError):
        yield Capability(_READ, False, "the credential cannot read what it wrote (so nobody who steals it can)")
    try:
        listed = any(stored.key == key for stored in asked.store.list(asked.prefix))
        yield Capability("list", listed, "our own objects are listed" if listed else "a new object is not in the list at once")
    except StoreRefusedError:
        yield Capability("list", False, "the credential cannot list")


def _parts(asked: Probe) -> Iterator[Capability]:
    store, key = asked.store, f"{asked.prefix}-parts"
    if not isinstance(store, Parts) or not store.part_bytes(1 << 40):
        yield Capability(
            "parts", None, "this kind of store takes objects whole; what breaks off goes on where it was, or begins anew"
        )
        return
    try:
        upload = store.begin(key)
    except StoreRefusedError as error:
        yield Capability(
            "parts", False, f"large objects are not taken in parts: {error}", "allow s3:PutObject for multipart uploads"
        )
        return
    try:
        seen = any(found.upload == upload for found in store.unfinished(key))
    except StoreError:
        seen = False
    try:
        store.abort(key, upload)
        swept = seen
    except StoreRefusedError:
        swept = False
    yield Capability("parts", True, "large objects are taken in parts")
    yield Capability(
        "sweep", swept, "unfinished uploads are listed and let go" if swept else "unfinished uploads cannot be listed and let go by us",
        "" if swept else "set a lifecycle rule on the bucket: AbortIncompleteMultipartUpload after 2 days",
    )  # fmt: skip


def _refusals(asked: Probe) -> Iterator[Capability]:
    store = asked.store
    if not isinstance(store, Daring):
        for name in ("overwrite", "delete", "list-others"):
            yield _refusal(asked, name, None, "whoever has the account may do it: this kind of store refuses nobody")
        return
    with _file(asked, os.urandom(64)) as source, _file(asked, os.urandom(64)) as other:
        key = f"{asked.prefix}-tried"
        yield _tried(asked, _CHECKSUM, lambda: store.dare_wrong_checksum(f"{key}-checksum", source), "bytes with a wrong checksum")
        store.put(key, source)
        yield _tried(asked, _KEEPS, lambda: store.dare_second(key, other), "other bytes where we ask to write only what is new")
        yield _tried(asked, "overwrite", lambda: store.dare_replace(key, other), "other bytes in the place of an object's")
        yield _tried(asked, "delete", lambda: store.dare_delete(key), "deleting an object for good")
        yield _tried(asked, "list-others", lambda: store.dare_list("v1/"), "listing what belongs to others")
    ahead = store.clock_offset()
    right = abs(ahead) < CLOCK_S
    yield Capability(
        "clock", right, f"the store's clock is {ahead:+.0f} s from ours", "" if right else "set the clock: timedatectl"
    )


def _tried(asked: Probe, name: str, deed: Callable[[], bool], what: str) -> Capability:
    try:
        let = deed()
    except StoreAgainError as error:
        return Capability(name, None, f"{what}: could not be tried ({error})")
    except StoreError:
        let = False
    return _refusal(asked, name, not let, f"{what}: {'the store LETS IT HAPPEN' if let else 'is refused'}")


_MENDS = {
    _CHECKSUM: "every object is read back instead; keep the credential's right to read",
    _KEEPS: "every key is looked at before it is written",
    "overwrite": "switch on versioning and Object Lock, or forbid PutObject over existing keys in the bucket's policy",
    "delete": "take s3:DeleteObject and s3:DeleteObjectVersion from the box's credential",
    "list-others": "restrict s3:ListBucket to the contract's prefix in the credential's policy",
}


def _refusal(asked: Probe, name: str, refused: bool | None, words: str) -> Capability:
    demanded = name in asked.must_refuse and refused is not True
    return Capability(name, refused, words, _MENDS[name] if demanded else "")


@contextmanager
def _file(asked: Probe, body: bytes) -> Iterator[Source]:
    """A small file for the length of a block."""
    path = asked.folder / f".canary-{os.urandom(4).hex()}"
    path.write_bytes(body)
    try:
        yield Source(path, hashlib.sha256(body).hexdigest())
    finally:
        shelf.remove(path)
