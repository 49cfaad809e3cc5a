"""A store that does as it is told: works, is not reached, refuses, loses its answer, gives wrong bytes back, has lost an object.

It keeps what it was given in memory, notes every question, and lets time pass while it works where it has a clock to move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path

from tests.fakes.clock import FakeClock
from uploader.store import MissingObjectError, StoreAgainError, Stored, StoreRefusedError


class Trouble(Enum):
    """How the next question goes wrong."""

    LATER = auto()
    """Not reached; nothing is done."""
    REFUSED = auto()
    """A person is needed; nothing is done."""
    ANSWER_LOST = auto()
    """It is done, and nobody hears of it."""
    WRONG_BYTES = auto()
    """It is done, with one bit changed."""
    MISSING = auto()
    """It says that there is no such object."""


class FakeStore:
    """Objects in a dictionary. `on("put", Trouble.LATER, times=2)` makes the next two puts fail so."""

    def __init__(self, clock: FakeClock | None = None, seconds: float = 0.0) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        """(what, key) of every question, in order."""
        self.wait: float | None = None
        """What it asks for when it says "later"."""
        self._clock, self._seconds = clock, seconds
        self._troubles: dict[str, list[Trouble | None]] = {}

    def on(self, what: str, trouble: Trouble | None, times: int = 1) -> None:
        """Let the next questions of this kind (put, read, look, list) go wrong, or well (None)."""
        self._troubles.setdefault(what, []).extend([trouble] * times)

    def heal(self) -> None:
        """From now on everything works."""
        self._troubles.clear()

    def put(self, key: str, path: Path, sha256: str) -> None:
        """Keep the file's bytes."""
        trouble = self._ask("put", key)
        body = path.read_bytes()
        self.objects[key] = _flipped(body) if trouble is Trouble.WRONG_BYTES else body
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the answer was lost", self.wait)

    def read(self, key: str) -> Iterator[bytes]:
        """The object, in two pieces."""
        trouble = self._ask("read", key)
        if trouble is Trouble.MISSING or key not in self.objects:
            raise MissingObjectError(f"{key}: there is no such object")
        body = self.objects[key]
        body = _flipped(body) if trouble is Trouble.WRONG_BYTES else body
        yield body[: len(body) // 2]
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the connection broke", self.wait)
        yield body[len(body) // 2 :]

    def look(self, key: str) -> Stored | None:
        """The object's size."""
        if self._ask("look", key) is Trouble.MISSING or key not in self.objects:
            return None
        return Stored(key, len(self.objects[key]))

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key."""
        self._ask("list", prefix)
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield Stored(key, len(self.objects[key]))

    def _ask(self, what: str, key: str) -> Trouble | None:
        self.asked.append((what, key))
        if self._clock is not None:
            self._clock.forward(self._seconds)
        waiting = self._troubles.get(what, [])
        trouble = waiting.pop(0) if waiting else None
        errors: dict[Trouble, Callable[[], Exception]] = {
            Trouble.LATER: lambda: StoreAgainError("the store is not reached; check the network", self.wait),
            Trouble.REFUSED: lambda: StoreRefusedError("the store refuses; check the rights of its key"),
        }
        if trouble is not None and trouble in errors:
            raise errors[trouble]()
        return trouble


def _flipped(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])
