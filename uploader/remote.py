"""A stored object as a file: read at any place by ranges, so that a recording is played and sought in without fetching it whole."""

from __future__ import annotations

import io
from collections.abc import Iterable

from appliance.keys import Identity
from appliance.sealed import SealedReader
from appliance.seeking import Seeking
from uploader.headers import Whole
from uploader.store import MissingObjectError, Store

BLOCK = 256 * 1024
"""What is fetched at once: about four of the format's chunks, ten seconds of speech."""


class RemoteFile(Seeking):
    """The sealed bytes of an object, one block held."""

    def __init__(self, store: Store, key: str) -> None:
        found = store.look(key)
        if found is None:
            raise MissingObjectError(f"{key}: there is no such object in the store")
        super().__init__(found.size)
        self._store, self._key = store, key
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


def open_stored(store: Store, key: str, identities: Iterable[Identity]) -> SealedReader:
    """The clear bytes of a stored object, at any place. Raises SealedError, WrongKeyError, StoreError."""
    return SealedReader(io.BufferedReader(RemoteFile(Whole(store), key), BLOCK), identities)
