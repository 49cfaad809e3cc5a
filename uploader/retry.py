"""Retry as a wrapper around any store: a question that failed is asked again a few times, at random moments, before the queue waits.

Nothing is sent twice without looking: after a put whose answer was lost, the store is asked whether it has the object. A reading that
broke off goes on where it broke. What begins, completes or aborts an upload in parts is not repeated here, for only `multipart.py` knows
what its first try may have done.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from uploader import patience
from uploader.source import Source
from uploader.store import Store, StoreAgainError, Stored
from uploader.through import Through

Answer = TypeVar("Answer")
SILENT_S = 5.0
"""A question that failed only after so long is not asked again at once: others may go meanwhile."""


class Retrying(Through):
    """Asks again. `sleep` and `chance` are the world's, or a test's."""

    def __init__(
        self,
        store: Store,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store)
        self._sleep, self._chance, self._monotonic = sleep, chance, monotonic
        self._asked = threading.local()
        """`at`: when this thread asked; parts are sent by several."""

    def put(self, key: str, source: Source) -> None:
        """Store the bytes; after a failure, look before sending again."""
        tried = False

        def once() -> None:
            nonlocal tried
            if not tried or self._store.look(key) is None:
                tried = True
                self._store.put(key, source)

        self._again(once)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes; a reading that breaks off goes on where it broke."""
        at, failures, self._asked.at = start, 0, self._monotonic()
        while True:
            try:
                for piece in self._store.read(key, at, end):
                    at += len(piece)
                    failures, self._asked.at = 0, self._monotonic()
                    yield piece
                return
            except StoreAgainError as error:
                failures = self._wait(failures, error)

    def look(self, key: str) -> Stored | None:
        """The object's size."""
        return self._again(lambda: self._store.look(key))

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key; a list that breaks off goes on behind its last key."""
        last, failures, self._asked.at = "", 0, self._monotonic()
        while True:
            try:
                for stored in self._store.list(prefix):
                    if stored.key > last:
                        last, failures = stored.key, 0
                        yield stored
                return
            except StoreAgainError as error:
                failures = self._wait(failures, error)

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Send one part; the same number twice is one part."""
        return self._again(lambda: self._parts.put_part(key, upload, number, source))

    def _again(self, ask: Callable[[], Answer]) -> Answer:
        failures, self._asked.at = 0, self._monotonic()
        while True:
            try:
                return ask()
            except StoreAgainError as error:
                failures = self._wait(failures, error)

    def _wait(self, failures: int, error: StoreAgainError) -> int:
        """Wait before the next try; raises the error where it is the queue's turn to wait."""
        silent = self._monotonic() - self._asked.at > SILENT_S
        seconds = patience.pause(failures + 1, error.wait, self._chance())
        if seconds is None or silent:
            raise error
        self._sleep(seconds)
        self._asked.at = self._monotonic()
        return failures + 1
