"""What a store is: put, read, look, list. Nothing else is asked of a bucket, a disk or a NAS in order to send.

Errors say what to do, not what happened inside: `StoreAgainError` (later), `StoreRefusedError` (a person is needed),
`ObjectRefusedError` (this one object, the others may go), `MissingObjectError`. A store never reports success for what it does not
know; a lost response is `StoreAgainError`, and the next try looks before it writes.

What only some stores can do is a second protocol: `Parts` (large objects in parts), `Removing` (for erasure, never for sending) and
`Daring` (for the canary, which tries what must be refused).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from appliance import config, registry
from appliance.box import Box
from appliance.errors import CouldNotError
from uploader.source import Source


class StoreError(CouldNotError):
    """The store could not do it."""


class StoreAgainError(StoreError):
    """It may work later; `wait` is how long the store asks for (seconds), if it does."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class StoreRefusedError(StoreError):
    """It will not work until a person mends something."""


class ObjectRefusedError(StoreRefusedError):
    """This one object is refused for what it is; others may go."""


class AlreadyThereError(StoreError):
    """Something lies under the key already, and was left as it is."""


class MissingObjectError(StoreError):
    """There is no object of that key."""


class Stored(NamedTuple):
    """An object in a store."""

    key: str
    size: int


class Unfinished(NamedTuple):
    """An object that was begun in parts and never ended."""

    key: str
    upload: str
    begun_at: int
    """By the store's clock (ns)."""


class Store(Protocol):
    """A place for sealed objects."""

    def put(self, key: str, source: Source) -> None:
        """Store these bytes under the key, which is written once. Raises StoreError, AlreadyThereError where the store says so."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end) in pieces. Raises MissingObjectError or StoreError."""

    def look(self, key: str) -> Stored | None:
        """The object's size, None where there is none. Raises StoreError."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Every object whose key begins so, by key. Raises StoreError."""


@runtime_checkable
class Parts(Protocol):
    """A store that takes a large object in parts, which survive whoever sends them."""

    def part_bytes(self, size: int) -> int:
        """How large the parts of an object of this size are; 0 where it is sent whole."""

    def begin(self, key: str) -> str:
        """Begin an object in parts; returns the upload's name. Raises StoreError."""

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Send part `number` (from 1); returns the store's tag of it. Raises StoreError, MissingObjectError where the upload is gone."""

    def complete(self, key: str, upload: str, parts: Sequence[tuple[str, str]]) -> None:
        """Make one object of the parts (tag, SHA-256), in order. Raises StoreError, MissingObjectError where the upload is gone."""

    def abort(self, key: str, upload: str) -> None:
        """Let the parts go; that they are gone is no error. Raises StoreError."""

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """What was begun below this prefix and neither ended nor aborted. Raises StoreError."""


@runtime_checkable
class Removing(Protocol):
    """A store from which an object can be erased by whoever has the right; nothing that sends ever calls this."""

    def remove(self, key: str) -> int:
        """Erase the object: all versions, markers and unfinished parts; returns how many. Raises StoreError."""


@runtime_checkable
class Daring(Protocol):
    """What the canary tries although it should not succeed. Each returns whether the store let it happen. Raises StoreError."""

    def dare_wrong_checksum(self, key: str, source: Source) -> bool:
        """Put bytes with the SHA-256 of others."""

    def dare_second(self, key: str, source: Source) -> bool:
        """Put other bytes over an object that is there, asking to write only what is new."""

    def dare_replace(self, key: str, source: Source) -> bool:
        """Put other bytes over an object that is there."""

    def dare_delete(self, key: str) -> bool:
        """Delete an object for good, its versions too."""

    def dare_list(self, prefix: str) -> bool:
        """List what belongs to others."""

    def clock_offset(self) -> float:
        """How far the store's clock is ahead of ours (seconds), as its answers say."""


def close(store: object) -> None:
    """End what the store keeps open (a session, say), if it keeps anything; its next question opens it again."""
    end = getattr(store, "close", None)
    if end is not None:
        end()


def open_store(box: Box) -> Store:
    """The configured store. Raises ConfigError or StoreError."""
    module, options = read_options(box)
    store: Store = module.open_store(options, box.folders)
    return store


def read_options(box: Box) -> tuple[Any, Any]:
    """The store's module and its validated options. Raises ConfigError."""
    try:
        module = registry.load("uploader.stores", box.config.store.kind)
    except KeyError as error:
        raise box.source.problem(("store", "kind"), f"{error.args[0]}; choose one of them") from error
    return module, config.read_options(module.Options, box.config.store.options, box.source, ("store", "options"))
