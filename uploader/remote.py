"""A stored object as a file: read at any place by ranges, so that a recording is played and sought in without fetching it whole."""

from __future__ import annotations

import io
from collections.abc import Iterable

from appliance.box import Box
from appliance.keys import Identity
from appliance.sealed import SealedError, SealedReader
from appliance.seeking import Seeking
from uploader import objects
from uploader.headers import Whole
from uploader.store import MissingObjectError, Store, StoreError, close, open_store

BLOCK = 256 * 1024
"""What is fetched at once: about four of the format's chunks, ten seconds of speech."""


class RemoteFile(Seeking):
    """The sealed bytes of an object, one block held."""

    def __init__(self, store: Store, key: str, *, ends: bool = False) -> None:
        found = store.look(key)
        if found is None:
            raise MissingObjectError(f"{key}: there is no such object in the store")
        super().__init__(found.size)
        self._store, self._key, self._ends = store, key, ends
        self._held: tuple[int, bytes] = (-1, b"")

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read up to the end of the present block. Raises StoreError."""
        if self._position >= self.size:
            return 0
        number, within = divmod(self._position, BLOCK)
        if self._held[0] != number:
            begin = number * BLOCK
            self._held = (number, b"".join(self._store.read(self._key, begin, min(begin + BLOCK, self.size))))
        piece = self._held[1][within : within + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Let go of the store too, where it was opened for this file alone."""
        if self._ends and not self.closed:
            close(self._store)
        super().close()


def open_stored(store: Store, key: str, identities: Iterable[Identity], *, ends: bool = False) -> SealedReader:
    """The clear bytes of a stored object, at any place. Raises SealedError, WrongKeyError, StoreError."""
    file = io.BufferedReader(RemoteFile(Whole(store), key, ends=ends), BLOCK)
    try:
        return SealedReader(file, identities)
    except SealedError:
        file.close()
        raise


def open_of(box: Box, key: str, identities: Iterable[Identity], *, manifest: bool = False) -> SealedReader:
    """Entry point of `appliance.players`: a recording of this box, or its manifest, from its store. Raises StoreError or SealedError."""
    store = open_store(box)
    try:
        return open_stored(store, objects.manifest_key(key) if manifest else key, identities, ends=True)
    except StoreError:
        close(store)
        raise
