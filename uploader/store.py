"""What a store is: put, read, look, list. Nothing else is asked of a bucket, a disk or a NAS in order to send.

Errors say what to do, not what happened inside: `StoreAgainError` (later), `StoreRefusedError` (a person is needed),
`MissingObjectError`. A store never reports success for what it does not know; a lost response is `StoreAgainError`, and the
next try looks before it writes.

What only some stores can do is a second protocol: `Removing` (for erasure, never for sending).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from appliance import config, registry
from appliance.box import Box
from appliance.errors import CouldNotError


class StoreError(CouldNotError):
    """The store could not do it."""


class StoreAgainError(StoreError):
    """It may work later; `wait` is how long the store asks for (seconds), if it does."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class StoreRefusedError(StoreError):
    """It will not work until a person mends something."""


class MissingObjectError(StoreError):
    """There is no object of that key."""


class Stored(NamedTuple):
    """An object in a store."""

    key: str
    size: int


class Store(Protocol):
    """A place for sealed objects."""

    def put(self, key: str, path: Path, sha256: str) -> None:
        """Store this file under the key, which is written once. Raises StoreError."""

    def read(self, key: str) -> Iterator[bytes]:
        """The object in pieces. Raises MissingObjectError or StoreError."""

    def look(self, key: str) -> Stored | None:
        """The object's size, None where there is none. Raises StoreError."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Every object whose key begins so, by key. Raises StoreError."""


@runtime_checkable
class Removing(Protocol):
    """A store from which an object can be erased by whoever has the right; nothing that sends ever calls this."""

    def remove(self, key: str) -> int:
        """Erase the object: all versions, markers and unfinished parts; returns how many. Raises StoreError."""


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
