"""A store that does as it is told: works, is not reached, refuses, loses its answer, gives wrong bytes back, has lost an object.

It keeps what it was given in memory, notes every question, and lets time pass while it works where it has a clock to move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto

from tests.fakes.clock import FakeClock
from uploader.source import Source
from uploader.store import MissingObjectError, StoreAgainError, Stored, StoreRefusedError, Unfinished


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

    def put(self, key: str, source: Source) -> None:
        """Keep the bytes."""
        trouble = self._ask("put", key)
        with source.open() as sent:
            body = b"".join(sent.pieces())
        self.objects[key] = _flipped(body) if trouble is Trouble.WRONG_BYTES else body
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the answer was lost", self.wait)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end), in two pieces."""
        trouble = self._ask("read", key)
        if trouble is Trouble.MISSING or key not in self.objects:
            raise MissingObjectError(f"{key}: there is no such object")
        body = self.objects[key]
        body = (_flipped(body) if trouble is Trouble.WRONG_BYTES else body)[start:end]
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


class FakeParts(FakeStore):
    """A store that takes objects larger than `part` bytes in parts."""

    def __init__(self, clock: FakeClock | None = None, part: int = 1000) -> None:
        super().__init__(clock)
        self._part = part
        self._now: Callable[[], int] = clock.now if clock else int
        self.uploads: dict[str, tuple[str, int, dict[int, bytes]]] = {}
        """Under way: name → (key, begun at, parts)."""

    def part_bytes(self, size: int) -> int:
        """`part` for what is larger."""
        return self._part if size > self._part else 0

    def begin(self, key: str) -> str:
        """Begin."""
        trouble = self._ask("begin", key)
        name = f"upload-{len(self.asked)}"
        self.uploads[name] = (key, self._now(), {})
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the answer was lost", self.wait)
        return name

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Keep the part."""
        trouble = self._ask("part", f"{key}#{number}")
        if upload not in self.uploads:
            raise MissingObjectError(f"{upload}: no such upload")
        with source.open() as sent:
            self.uploads[upload][2][number] = b"".join(sent.pieces())
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the answer was lost", self.wait)
        return f"tag-{number}"

    def complete(self, key: str, upload: str, parts: Sequence[tuple[str, str]]) -> None:
        """Join the parts."""
        trouble = self._ask("complete", key)
        if upload not in self.uploads:
            raise MissingObjectError(f"{upload}: no such upload")
        found = self.uploads.pop(upload)[2]
        assert [tag for tag, _ in parts] == [f"tag-{number}" for number in sorted(found)]
        self.objects[key] = b"".join(found[number] for number in sorted(found))
        if trouble is Trouble.ANSWER_LOST:
            raise StoreAgainError("the answer was lost", self.wait)

    def abort(self, key: str, upload: str) -> None:
        """Let them go."""
        self._ask("abort", key)
        self.uploads.pop(upload, None)

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """What is under way."""
        self._ask("unfinished", prefix)
        for name, (key, begun_at, _) in list(self.uploads.items()):
            if key.startswith(prefix):
                yield Unfinished(key, name, begun_at)


def _flipped(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])
