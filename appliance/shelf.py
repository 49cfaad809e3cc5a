"""Files that survive a power cut, and the only place in the house where a file is removed.

A file comes into being whole: written beside its final name, fsynced, renamed, its folder fsynced (each step proven by the power-cut
rig, `storage-facts.md`). What is half-written carries the ending `.part` and is nobody's truth: its source still exists.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from appliance.errors import CouldNotError

PART = ".part"
_CHUNK = 1 << 20


class ShelfError(CouldNotError):
    """A file could not be written or read; the sentence names it and what it came from is untouched."""


def sync_folder(folder: Path) -> None:
    """Make names in this folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o770) -> None:
    """Make a folder and its parents; each new name is made durable in its parent. Raises ShelfError.

    The group may write in it, as far as the process's umask lets it: one service makes what another one, the janitor, removes.
    """
    missing = [folder, *folder.parents]
    missing = [path for path in missing if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True, mode=mode)
            sync_folder(path.parent)
    except OSError as error:
        raise ShelfError(f"{folder}: cannot be made ({error.strerror or error}); is the disk full or read-only?") from error


@contextlib.contextmanager
def create(path: Path, mode: int = 0o640) -> Iterator[IO[bytes]]:
    """A file that appears under its name, whole and durable, when the block ends without an error.

    On an error nothing appears under the name and the half-written part goes. Raises ShelfError when the disk refuses.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        make_folder(path.parent)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise ShelfError(f"{path}: cannot be written ({error.strerror or error}); is the disk full or read-only?") from error


def write(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Write a whole small file durably. Raises ShelfError."""
    with create(path, mode) as file:
        file.write(data)


def remove(path: Path) -> None:
    """Remove one file; that it was gone already is no error. The caller has the row that allows it."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        sync_folder(path.parent)


def shred(path: Path) -> int:
    """Overwrite a file with noise, durably, and remove it; returns its size. Raises ShelfError.

    What a drive keeps aside by itself is out of a program's reach: what must not be found there was never written in clear.
    """
    try:
        size = path.stat().st_size
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for start in range(0, size, _CHUNK):
                os.pwrite(handle, os.urandom(min(_CHUNK, size - start)), start)
            os.fsync(handle)
        finally:
            os.close(handle)
        remove(path)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise ShelfError(f"{path}: cannot be overwritten ({error.strerror or error}); is the disk read-only?") from error
    return size


def remove_tree(folder: Path, below: Path) -> None:
    """Remove a folder and all in it; refuses a link, and anything that does not lie below `below`. Raises ShelfError."""
    inside = folder.resolve()
    if folder.is_symlink() or below.resolve() not in inside.parents:
        raise ShelfError(f"{folder}: not removed, it is a link or does not lie below {below}; remove it by hand if it may go")
    try:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(inside)
    except OSError as error:
        raise ShelfError(
            f"{folder}: cannot be removed ({error.strerror or error}); is it a folder, and the disk writable?"
        ) from error


def stale_parts(root: Path, before: float) -> list[Path]:
    """Half-written files below `root` that nobody touched since `before` (seconds since the epoch)."""
    found = []
    for path in root.rglob(f".*{PART}"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                found.append(path)
    return found


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex, read in pieces. Raises ShelfError."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
    except OSError as error:
        raise ShelfError(f"{path}: cannot be read ({error.strerror or error})") from error
    return digest.hexdigest()


def free_bytes(path: Path) -> int:
    """Bytes an ordinary user may still write on the disk that holds `path` (or its nearest existing parent)."""
    while not path.exists():
        path = path.parent
    figures = os.statvfs(path)
    return figures.f_bavail * figures.f_frsize
