"""Disks of their own, small enough to fill and easy to make read-only. They need root."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of this size in the folder `place`, as long as the block lasts."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def loop_disk(image: Path, megabytes: int) -> Iterator[Path]:
    """An ext4 disk in the file `image`, mounted beside it, as long as the block lasts."""
    place = image.with_suffix(".d")
    place.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        image.unlink()


@contextmanager
def frozen(place: Path) -> Iterator[None]:
    """The disk takes no write, and whoever writes waits, as long as the block lasts."""
    subprocess.run(["fsfreeze", "-f", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", str(place)], check=True)


def make_read_only(place: Path) -> None:
    """From now on nothing can be written to the disk."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)


def resize(place: Path, kilobytes: int) -> None:
    """Somebody has made room, or taken it."""
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take all the room that is left, with a file that can be removed again."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return filler
    return filler
