"""One recording brought to the store: look, put, read back, compare; and what to do when that fails. The rules, without a loop.

What counts as stored was read back, or was taken by a store that the canary found to refuse a wrong checksum. Where the canary found that
a store keeps what is there when it is asked to, a small object is sent without a look before.

Order: the recording, then its manifest, so that a manifest in the bucket always speaks of an object that is there. A key that exists
is read and compared: equal means that an earlier try succeeded and only its answer was lost. A key that exists with other bytes is
never overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from uploader import multipart
from uploader.hands import Hands
from uploader.source import Source
from uploader.store import AlreadyThereError, Parts, Store, StoreError

_PIECE = 1 << 20


class Parcel(NamedTuple):
    """One object to be stored."""

    key: str
    path: Path
    sha256: str
    start: int = 0
    size: int = -1
    """The stretch of the file; to its end where negative."""

    @property
    def source(self) -> Source:
        """Its bytes."""
        return Source(self.path, self.sha256, self.start, self.size)


class DamagedCopyError(StoreError):
    """What lies under the key, here or there, is not what was sealed: this one recording needs a person."""


def _nothing(count: int) -> None:
    """Nobody asks."""


def deliver(
    store: Store,
    parcel: Parcel,
    progress: multipart.Progress | None = None,
    moving: Callable[[int], None] = _nothing,
    *,
    proven: bool = False,
    kept: bool = False,
    hands: Hands | None = None,
) -> int:
    """Store the parcel and read it back; returns its size. `moving` is told of bytes that leave or come. Raises StoreError.

    `proven`: this store was found to refuse what does not match its checksum, so that what it takes needs no reading; what lay there
    already does. `kept`: it was found to leave what lies under a key when it is asked to write only what is new. `hands`: those that may
    send parts beside ours.
    """
    size = _size(parcel)
    part_bytes = store.part_bytes(size) if progress is not None and isinstance(store, Parts) else 0
    parts = _intact_parts(parcel, part_bytes)
    present = None if kept and not part_bytes else store.look(parcel.key)
    source = parcel.source.metered(moving)
    if present is None and progress is not None and isinstance(store, Parts) and part_bytes:
        multipart.send(store, progress, multipart.Plan(parcel.key, source, size, part_bytes, parts), hands)
    elif present is None:
        try:
            store.put(parcel.key, source)
        except AlreadyThereError:
            proven = False
    elif present.size != size:
        raise DamagedCopyError(
            f"{parcel.key}: the store holds {present.size} bytes under this key instead of {size}; remove or rename it there"
        )
    if not (proven and present is None) and digest(store, parcel.key, moving) != parcel.sha256:
        raise DamagedCopyError(f"{parcel.key}: what the store gives back is not what was sent; ask the provider, then retry")
    if progress is not None and isinstance(store, Parts):
        multipart.drop(store, progress, parcel.key)  # of a try that was not the one that succeeded
    return size


def hand_in(
    store: Store,
    parcel: Parcel,
    progress: multipart.Progress | None = None,
    moving: Callable[[int], None] = _nothing,
    hands: Hands | None = None,
) -> int:
    """Store the parcel where nothing can be read back: the store was proven to refuse what does not match its checksum.

    Returns its size. The key holds the content's hash, so that sending again what is there already changes nothing. Raises StoreError.
    """
    size = _size(parcel)
    part_bytes = store.part_bytes(size) if progress is not None and isinstance(store, Parts) else 0
    parts = _intact_parts(parcel, part_bytes)
    source = parcel.source.metered(moving)
    if progress is not None and isinstance(store, Parts) and part_bytes:
        multipart.send(store, progress, multipart.Plan(parcel.key, source, size, part_bytes, parts), hands)
    else:
        with suppress(AlreadyThereError):
            store.put(parcel.key, source)
    return size


def digest(store: Store, key: str, moving: Callable[[int], None] = _nothing) -> str:
    """SHA-256 of an object, read in full. Raises StoreError."""
    found = hashlib.sha256()
    for piece in store.read(key):
        found.update(piece)
        moving(len(piece))
    return found.hexdigest()


def fingerprint(path: Path) -> str:
    """SHA-256 of a local file. Raises DamagedCopyError where it is gone or cannot be read."""
    return _hashes(Parcel("", path, ""), 0)[0]


def _intact_parts(parcel: Parcel, part_bytes: int) -> tuple[str, ...]:
    """The SHA-256 of each part, after the whole was checked in the same reading: a disk may have changed it since it was sealed."""
    whole, parts = _hashes(parcel, part_bytes)
    if whole != parcel.sha256:
        raise DamagedCopyError(f"{parcel.path}: was changed since it was sealed; check the disk")
    return parts


def _size(parcel: Parcel) -> int:
    try:
        there = max(0, parcel.path.stat().st_size - parcel.start)
    except FileNotFoundError as error:
        raise _gone(parcel.path) from error
    except OSError as error:
        raise _unreadable(parcel.path, error) from error
    return there if parcel.size < 0 else min(there, parcel.size)


def _hashes(parcel: Parcel, part_bytes: int) -> tuple[str, tuple[str, ...]]:
    """(SHA-256 of the stretch, of each part of it), in one reading; no parts where `part_bytes` is 0."""
    whole, parts = hashlib.sha256(), []
    part, filled = hashlib.sha256(), 0
    try:
        with Source(parcel.path, "", parcel.start, parcel.size).open() as body:
            body.hush(True)
            while piece := body.read(min(_PIECE, part_bytes - filled) if part_bytes else _PIECE):
                whole.update(piece)
                if part_bytes:
                    part.update(piece)
                    filled += len(piece)
                    if filled == part_bytes:
                        parts.append(part.hexdigest())
                        part, filled = hashlib.sha256(), 0
    except FileNotFoundError as error:
        raise _gone(parcel.path) from error
    except OSError as error:
        raise _unreadable(parcel.path, error) from error
    if filled:
        parts.append(part.hexdigest())
    return whole.hexdigest(), tuple(parts)


def _gone(path: Path) -> DamagedCopyError:
    return DamagedCopyError(f"{path}: the local copy is gone before it was stored; look into the quarantine and the backup")


def _unreadable(path: Path, error: OSError) -> DamagedCopyError:
    return DamagedCopyError(f"{path}: cannot be read ({error.strerror or error}); check the disk")
