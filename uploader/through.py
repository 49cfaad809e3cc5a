"""A store that passes every question on to another: what the wrappers (retry, throttle) are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from uploader.source import Source
from uploader.store import Parts, Store, Stored, Unfinished, close


def bare(store: Store) -> Store:
    """The store below all wrappers: what is asked once and by right, such as erasing, needs none of them."""
    while isinstance(store, Through):
        store = store.below
    return store


class Through:
    """Passes on. A wrapper changes what it is about and leaves the rest."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def below(self) -> Store:
        """What it passes on to."""
        return self._store

    def put(self, key: str, source: Source) -> None:
        """Pass it on."""
        self._store.put(key, source)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Pass it on."""
        return self._store.read(key, start, end)

    def look(self, key: str) -> Stored | None:
        """Pass it on."""
        return self._store.look(key)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Pass it on."""
        return self._store.list(prefix)

    def part_bytes(self, size: int) -> int:
        """0 where the store below takes no parts."""
        return self._store.part_bytes(size) if isinstance(self._store, Parts) else 0

    def begin(self, key: str) -> str:
        """Pass it on."""
        return self._parts.begin(key)

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Pass it on."""
        return self._parts.put_part(key, upload, number, source)

    def complete(self, key: str, upload: str, parts: Sequence[tuple[str, str]]) -> None:
        """Pass it on."""
        self._parts.complete(key, upload, parts)

    def abort(self, key: str, upload: str) -> None:
        """Pass it on."""
        self._parts.abort(key, upload)

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """Pass it on; nothing where the store below takes no parts."""
        return self._parts.unfinished(prefix) if isinstance(self._store, Parts) else iter(())

    def close(self) -> None:
        """End what the store below keeps open, if it keeps anything."""
        close(self._store)

    @property
    def _parts(self) -> Parts:
        return cast(Parts, self._store)
