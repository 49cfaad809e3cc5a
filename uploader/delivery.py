"""One recording brought to the store: look, put, read back, compare; and what to do when that fails. The rules, without a loop.

Order: the recording, then its manifest, so that a manifest in the bucket always speaks of an object that is there. A key that exists
is read and compared: equal means that an earlier try succeeded and only its answer was lost. A key that exists with other bytes is
never overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from uploader import multipart
from uploader.source import Source
from uploader.store import Parts, Store, StoreError

_PIECE = 1 << 20


class Parcel(NamedTuple):
    """One object to be stored."""

    key: str
    path: Path
    sha256: str

    @property
    def source(self) -> Source:
        """Its bytes."""
        return Source(self.path, self.sha256)


class DamagedCopyError(StoreError):
    """What lies under the key, here or there, is not what was sealed: this one recording needs a person."""


def _nothing(count: int) -> None:
    """Nobody asks."""


def deliver(
    store: Store, parcel: Parcel, progress: multipart.Progress | None = None, moving: Callable[[int], None] = _nothing
) -> int:
    """Store the parcel and read it back; returns its size. `moving` is told of bytes that leave or come. Raises StoreError."""
    size = _size(parcel.path)
    part_bytes = store.part_bytes(size) if progress is not None and isinstance(store, Parts) else 0
    parts = _intact_parts(parcel, part_bytes or size or 1)
    present = store.look(parcel.key)
    source = parcel.source.metered(moving)
    if present is None and progress is not None and isinstance(store, Parts) and part_bytes:
        multipart.send(store, progress, multipart.Plan(parcel.key, source, size, part_bytes, parts))
    elif present is None:
        store.put(parcel.key, source)
    elif present.size != size:
        raise DamagedCopyError(
            f"{parcel.key}: the store holds {present.size} bytes under this key instead of {size}; remove or rename it there"
        )
    if digest(store, parcel.key, moving) != parcel.sha256:
        raise DamagedCopyError(f"{parcel.key}: what the store gives back is not what was sent; ask the provider, then retry")
    if progress is not None and isinstance(store, Parts):
        multipart.drop(store, progress, parcel.key)  # of a try that was not the one that succeeded
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
    return _hashes(path, 0)[0]


def _intact_parts(parcel: Parcel, part_bytes: int) -> tuple[str, ...]:
    """The SHA-256 of each part, after the whole was checked in the same reading: a disk may have changed it since it was sealed."""
    whole, parts = _hashes(parcel.path, part_bytes)
    if whole != parcel.sha256:
        raise DamagedCopyError(f"{parcel.path}: was changed since it was sealed; check the disk")
    return parts


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise _gone(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _hashes(path: Path, part_bytes: int) -> tuple[str, tuple[str, ...]]:
    """(SHA-256 of the file, of each part of it); no parts where `part_bytes` is 0."""
    whole, parts = hashlib.sha256(), []
    try:
        with path.open("rb") as file:
            while piece := file.read(min(_PIECE, part_bytes) or _PIECE):
                whole.update(piece)
                if part_bytes:
                    part, left = hashlib.sha256(piece), part_bytes - len(piece)
                    while left and (piece := file.read(min(_PIECE, left))):
                        whole.update(piece)
                        part.update(piece)
                        left -= len(piece)
                    parts.append(part.hexdigest())
    except FileNotFoundError as error:
        raise _gone(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    return whole.hexdigest(), tuple(parts)


def _gone(path: Path) -> DamagedCopyError:
    return DamagedCopyError(f"{path}: the local copy is gone before it was stored; look into the quarantine and the backup")


def _unreadable(path: Path, error: OSError) -> DamagedCopyError:
    return DamagedCopyError(f"{path}: cannot be read ({error.strerror or error}); check the disk")
