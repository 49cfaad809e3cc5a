"""Headers apart from payloads: what lets a key be rotated, or one recording be shredded, without touching what an Object Lock holds.

The payload of an age file depends on the file key alone; the header (some 0.5 kB) says who finds that key. Where the two lie apart they
are `….age.payload` and `….age.header-0001`; one behind the other they are a normal age file. A rotation adds a header, the highest number
is the newest, also beside an object that was stored whole. Without any header a payload is nothing to anybody.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance import shelf
from appliance.keys import Identity, Recipient
from appliance.sealed import BESIDE, newest_header, read_header, rewrap
from uploader import objects
from uploader.delivery import DamagedCopyError, Parcel
from uploader.source import Source
from uploader.store import MissingObjectError, Removing, Store, Stored, StoreError, StoreRefusedError
from uploader.through import Through

_HEAD = 64 * 1024


class ShreddedError(StoreError):
    """The payload is there and no header is: nobody will ever open it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one object lies in the store: the payload in `holder` from `offset` on, its headers by number (1: the first)."""

    holder: Stored
    offset: int
    headers: dict[int, Stored]
    first: bytes
    """The first header where it is part of the holder."""

    @property
    def newest(self) -> int:
        """The number of the newest header."""
        return max(self.headers, default=0)


def apart(key: str, path: Path, sealed_sha256: str) -> list[Parcel]:
    """Payload and header of a sealed file as two parcels, after the whole was checked. Raises DamagedCopyError."""
    try:
        with path.open("rb") as file:
            head = read_header(file).raw
            whole, payload = hashlib.sha256(head), hashlib.sha256()
            while piece := file.read(1 << 20):
                whole.update(piece)
                payload.update(piece)
    except FileNotFoundError as error:
        raise DamagedCopyError(
            f"{path}: the local copy is gone before it was stored; look into the quarantine and the backup"
        ) from error
    except (OSError, ValueError) as error:
        raise DamagedCopyError(f"{path}: cannot be read ({error}); check the disk") from error
    if whole.hexdigest() != sealed_sha256:
        raise DamagedCopyError(f"{path}: was changed since it was sealed; check the disk")
    return [
        Parcel(objects.payload_key(key), path, payload.hexdigest(), len(head)),
        Parcel(objects.header_key(key, 1), path, hashlib.sha256(head).hexdigest(), 0, len(head)),
    ]


class Whole(Through):
    """A store in which every object is whole again: its newest header, then its payload. What it has listed it does not list again."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._names: dict[str, list[Stored]] = {}

    def layout(self, key: str) -> Layout | None:
        """How the object lies; None where there is nothing of it. Raises ShreddedError, StoreError."""
        names = self._names.get(key) or list_of(self._store, key)
        found = {stored.key: stored for stored in names if objects.whole_key(stored.key) == key}
        headers = {number: stored for name, stored in found.items() if (number := _number(name)) and name != key}
        payload = found.get(objects.payload_key(key))
        if payload is not None:
            if not headers:
                raise ShreddedError(f"{key}: its headers were destroyed, so nobody can open it")
            return Layout(payload, 0, headers, b"")
        if key not in found:
            return None
        if not headers:
            return Layout(found[key], 0, {}, b"")
        first = read_header(io.BytesIO(b"".join(self._store.read(key, 0, _HEAD)))).raw
        return Layout(found[key], len(first), headers, first)

    def look(self, key: str) -> Stored | None:
        """The size of the whole."""
        layout = self.layout(key)
        if layout is None:
            return None
        head = layout.headers[layout.newest].size if layout.headers else 0
        return Stored(key, head + layout.holder.size - layout.offset)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) of the whole. Raises MissingObjectError, ShreddedError, StoreError."""
        layout = self.layout(key)
        if layout is None:
            raise MissingObjectError(f"{key}: there is no such object in the store")
        yield from self._stretch(layout, layout.newest, start, end)

    def read_first(self, key: str) -> Iterator[bytes]:
        """The whole as it was sealed, whatever was rotated since. Raises MissingObjectError where that header is gone."""
        layout = self.layout(key)
        if layout is None or (layout.headers and not layout.first and 1 not in layout.headers):
            raise MissingObjectError(f"{key}: the header that it was sealed with is not in the store")
        if layout.first or not layout.headers:
            yield from self._store.read(key)
        else:
            yield from self._stretch(layout, 1, 0, None)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Every whole object, by key."""
        last = ""
        for stored in self._store.list(prefix):
            key = objects.whole_key(stored.key)
            self._names.setdefault(key, []).append(stored)
            if key != last:
                last = key
                yield stored if key == stored.key else Stored(key, stored.size)

    def is_rotated(self, key: str) -> bool:
        """Whether its newest header is another than the one it was sealed with."""
        layout = self.layout(key)
        return layout is not None and layout.newest > 1

    def newest_header(self, key: str) -> bytes:
        """The header that counts. Raises MissingObjectError, ShreddedError, StoreError."""
        layout = self.layout(key)
        if layout is None:
            raise MissingObjectError(f"{key}: there is no such object in the store")
        if layout.headers:
            return b"".join(self._store.read(layout.headers[layout.newest].key))
        return read_header(io.BytesIO(b"".join(self._store.read(key, 0, _HEAD)))).raw

    def _stretch(self, layout: Layout, number: int, start: int, end: int | None) -> Iterator[bytes]:
        if not layout.headers:
            yield from self._store.read(layout.holder.key, start, end)
            return
        head = layout.headers[number]
        if start < head.size:
            yield from self._store.read(head.key, start, head.size if end is None else min(end, head.size))
        if end is None or end > head.size:
            moved = layout.offset - head.size
            yield from self._store.read(layout.holder.key, max(start, head.size) + moved, None if end is None else end + moved)


def list_of(store: Store, prefix: str) -> list[Stored]:
    """Everything below the prefix, at once."""
    return list(store.list(prefix))


def _number(name: str) -> int:
    """The number at the end of a header's key, 0 where it is none."""
    return int(name[-4:]) if name[-12:-4] == ".header-" and name[-4:].isdecimal() else 0


def digest_of(store: Store, key: str) -> str:
    """SHA-256 of the object as it was sealed, read in full. Raises StoreError."""
    found = hashlib.sha256()
    for piece in Whole(store).read_first(key):
        found.update(piece)
    return found.hexdigest()


def rotate(store: Store, key: str, identities: Sequence[Identity], recipients: Sequence[Recipient], scratch: Path) -> str:
    """Add a header for these recipients; returns its key. The payload is not touched. Raises SealedError, StoreError."""
    whole = Whole(store)
    layout = whole.layout(key)
    if layout is None:
        raise MissingObjectError(f"{key}: there is no such object in the store")
    fresh = rewrap(read_header(io.BytesIO(whole.newest_header(key))), identities, recipients)
    name = objects.header_key(key, max(layout.newest, 1) + 1)
    path = scratch / f".header-{os.getpid()}"
    shelf.write(path, fresh, mode=0o600)
    try:
        store.put(name, Source(path, hashlib.sha256(fresh).hexdigest()))
    finally:
        shelf.remove(path)
    if b"".join(store.read(name)) != fresh:
        raise StoreError(f"{name}: the store gives back another header than was sent; the older one still counts where it is read")
    return name


def rotate_local(path: Path, identities: Sequence[Identity], recipients: Sequence[Recipient]) -> None:
    """The same for a local file: the newer header lies beside it. Raises SealedError, ShelfError, OSError."""
    with path.open("rb") as file:
        header = read_header(io.BytesIO(newest_header(path)) if newest_header(path) else file)
    shelf.write(path.with_name(path.name + BESIDE), rewrap(header, identities, recipients))


def remove_older(store: Store, key: str) -> int:
    """Destroy every header but the newest, so that a lost key opens nothing any more; returns how many went. Raises StoreError."""
    layout = Whole(store).layout(key)
    if layout is None:
        return 0
    if layout.offset:
        raise StoreRefusedError(
            f"{key}: its first header is part of the object and cannot go alone; store.detached_headers was off"
        )
    return sum(_removing(store)(stored.key) for number, stored in layout.headers.items() if number != layout.newest)


def shred(store: Store, key: str) -> int:
    """Destroy every header of the object: its payload stays and is nothing to anybody. Returns how many went. Raises StoreError."""
    try:
        layout = Whole(store).layout(key)
    except ShreddedError:
        return 0
    if layout is None:
        return 0
    if layout.holder.key == key:
        raise StoreRefusedError(f"{key}: its header is part of the object; erase the object instead (appliance erase)")
    return sum(_removing(store)(stored.key) for stored in layout.headers.values())


def _removing(store: Store) -> Callable[[str], int]:
    if not isinstance(store, Removing):
        raise StoreRefusedError("this kind of store cannot erase; do it there by hand")
    return store.remove
