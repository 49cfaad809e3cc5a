"""A folder as a store: a second disk, a NAS that is mounted, a USB drive; the embedded default keeps it beside the ledger."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from appliance import config, shelf
from appliance.folders import Folders
from uploader.source import Source
from uploader.store import MissingObjectError, StoreAgainError, Stored, StoreRefusedError

_PIECE = 1 << 20


class Options(config.Options):
    """Settings of `kind = "folder"`."""

    path: str = Field(default="", title="Path", description="The folder; empty: `store` in the box's own folder.")
    must_exist: bool = Field(
        default=False,
        title="Must exist",
        description="true: the folder is never made, so that a NAS that is not mounted is not mistaken for an empty disk.",
    )


class FolderStore:
    """Objects as files below one folder."""

    def __init__(self, root: Path, *, must_exist: bool) -> None:
        self._root = root
        self._must_exist = must_exist

    def put(self, key: str, source: Source) -> None:
        """Copy the bytes durably under their key. Raises StoreAgainError or StoreRefusedError."""
        self._check_root()
        target = self._path(key)
        try:
            with source.open() as body, shelf.create(target) as copy:
                for piece in body.pieces():
                    copy.write(piece)
        except shelf.ShelfError as error:
            raise StoreAgainError(str(error)) from error
        except OSError as error:
            raise StoreAgainError(f"{source.path}: cannot be read ({error.strerror})") from error

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end) in pieces of a megabyte. Raises MissingObjectError or StoreAgainError."""
        self._check_root()
        try:
            with self._path(key).open("rb") as file:
                file.seek(start)
                while piece := file.read(_PIECE if end is None else min(_PIECE, max(0, end - file.tell()))):
                    yield piece
        except FileNotFoundError as error:
            raise MissingObjectError(f"{key}: there is no such object in {self._root}") from error
        except OSError as error:
            raise StoreAgainError(f"{self._path(key)}: cannot be read ({error.strerror})") from error

    def look(self, key: str) -> Stored | None:
        """The object's size. Raises StoreAgainError."""
        self._check_root()
        try:
            return Stored(key, self._path(key).stat().st_size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreAgainError(f"{self._path(key)}: cannot be looked at ({error.strerror})") from error

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key. Raises StoreAgainError."""
        self._check_root()
        base = self._root / prefix.rpartition("/")[0]
        try:
            found = {path.relative_to(self._root).as_posix(): path.stat() for path in base.rglob("*") if path.name[0] != "."}
        except OSError as error:
            raise StoreAgainError(f"{base}: cannot be listed ({error.strerror})") from error
        for key, about in sorted(found.items()):
            if key.startswith(prefix) and stat.S_ISREG(about.st_mode):
                yield Stored(key, about.st_size)

    def remove(self, key: str) -> int:
        """Erase the object; returns how many there were. Raises StoreError."""
        self._check_root()
        path = self._path(key)
        if not path.is_file():
            return 0
        try:
            shelf.remove(path)
        except OSError as error:
            raise StoreAgainError(f"{path}: cannot be removed ({error.strerror})") from error
        return 1

    def _check_root(self) -> None:
        if self._must_exist and not self._root.is_dir():
            raise StoreAgainError(f"{self._root}: the store's folder is not there; mount it")

    def _path(self, key: str) -> Path:
        path = self._root / key
        if ".." in Path(key).parts or (path.is_absolute() and self._root not in path.parents):
            raise StoreRefusedError(f"{key}: is no key of ours")
        return path


def open_store(options: Options, folders: Folders) -> FolderStore:
    """The store of these options."""
    return FolderStore(Path(options.path) if options.path else folders.store, must_exist=options.must_exist)
