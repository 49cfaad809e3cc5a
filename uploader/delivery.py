"""One recording brought to the store: look, put, read back, compare; and what to do when that fails. The rules, without a loop.

Order: the recording, then its manifest, so that a manifest in the bucket always speaks of an object that is there. A key that exists
is read and compared: equal means that an earlier try succeeded and only its answer was lost. A key that exists with other bytes is
never overwritten.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from appliance import shelf
from uploader.store import Store, StoreError


class Parcel(NamedTuple):
    """One object to be stored."""

    key: str
    path: Path
    sha256: str


class DamagedCopyError(StoreError):
    """What lies under the key, here or there, is not what was sealed: this one recording needs a person."""


def deliver(store: Store, parcel: Parcel) -> int:
    """Store the parcel and read it back; returns its size. Raises StoreError or DamagedCopyError."""
    size = _intact_size(parcel)
    present = store.look(parcel.key)
    if present is None:
        store.put(parcel.key, parcel.path, parcel.sha256)
    elif present.size != size:
        raise DamagedCopyError(
            f"{parcel.key}: the store holds {present.size} bytes under this key instead of {size}; remove or rename it there"
        )
    if digest(store, parcel.key) != parcel.sha256:
        raise DamagedCopyError(f"{parcel.key}: what the store gives back is not what was sent; ask the provider, then retry")
    return size


def digest(store: Store, key: str) -> str:
    """SHA-256 of an object, read in full. Raises StoreError."""
    found = hashlib.sha256()
    for piece in store.read(key):
        found.update(piece)
    return found.hexdigest()


def _intact_size(parcel: Parcel) -> int:
    """The local file's size, after its bytes were checked: a disk may have changed them since."""
    if fingerprint(parcel.path) != parcel.sha256:
        raise DamagedCopyError(f"{parcel.path}: was changed since it was sealed; check the disk")
    return parcel.path.stat().st_size


def fingerprint(path: Path) -> str:
    """SHA-256 of a local file. Raises DamagedCopyError where it is gone or cannot be read."""
    if not path.exists():
        raise DamagedCopyError(f"{path}: the local copy is gone before it was stored; look into the quarantine and the backup")
    try:
        return shelf.sha256_of(path)
    except shelf.ShelfError as error:
        raise DamagedCopyError(f"{error}; check the disk") from error
