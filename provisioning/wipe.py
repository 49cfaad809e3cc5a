"""Nothing is left on the box: keys first (what was sealed to them is noise from then on), then all data, then a look whether it is so.

The certificate is signed with the box's own key, which by then exists in memory alone. Deleted files of earlier days lie in the free
space of the disk: `free_space` overwrites that too. What is not stored yet, and what is held for a case, is refused until it is said
in so many words.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import __version__, doorbell, keys, manifest, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.folders import SYSTEM_CONFIG, SYSTEM_DATA
from appliance.ledger import Ledger
from appliance.manifest import Manifest

PROBE = 48
"""Bytes that are remembered of every file, and looked for afterwards."""
PROBES = 4096
_PIECE = 1 << 22
_SMALLEST = 1 << 10
"""The smallest block of a file system."""


class WipeError(CouldNotError):
    """The box is not wiped; the sentence says what stands against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to go."""

    serial: str
    """Typed by whoever wipes, so that it is this box and no other."""
    who: str
    unstored: bool = False
    held: bool = False
    free_space: bool = False
    image: Path | None = None
    """The disk or its image, which is searched for what was on it."""


def wipe(box: Box, wish: Wish, now: int) -> Manifest:
    """Destroy keys, then data; returns the signed certificate. Raises WipeError before anything is touched, or where something is left."""
    facts = _refuse(box, wish)
    key = keys.present_signing_key(box.folders.keys)
    probes = list(_probes(box))
    counted = {"keys": 0, "files": 0, "bytes": 0}
    for path in sorted(box.folders.keys.rglob("*"), key=_secrets_first):
        if path.is_file():
            shelf.shred(path)
            counted["keys"] += 1
    for path in [*_files(box.folders.data), *_beside(box)]:
        counted["bytes"] += shelf.shred(path)
        counted["files"] += 1
    for folder in sorted((path for path in box.folders.data.iterdir() if path.is_dir()), key=str):
        shelf.remove_tree(folder, box.folders.data)
    filled = 0
    if wish.free_space:
        with _without_reserve(box.folders.data):
            filled = _fill(box.folders.data)
    left = [str(path) for path in box.folders.data.rglob("*") if path.is_file()]
    found = search(wish.image, [probe for _, probe in probes]) if wish.image else 0
    if left or found:
        raise WipeError(f"{len(left)} files and {found} pieces are still on the disk; overwrite the whole disk: {left[:3]}")
    told = {
        **facts, **counted, "filled_bytes": filled, "wiped_at": now, "who": wish.who, "program": __version__,
        "probes": len(probes), "searched": str(wish.image or ""), "found": found, "method": METHOD,
    }  # fmt: skip
    return manifest.sign(told, key, manifest.WIPE)


METHOD = "keys destroyed first (crypto-erase), then every file overwritten with random bytes once, fsynced and removed"


def _refuse(box: Box, wish: Wish) -> dict[str, Any]:
    """What stands against it; else what the box was."""
    site = box.config.site
    if wish.serial != site.serial:
        raise WipeError(f"--serial {wish.serial}: this box is {site.serial}; nothing was touched")
    for bell in sorted(box.folders.run.glob("*.sock")) if box.folders.run.is_dir() else []:
        if doorbell.answers(bell):
            raise WipeError(f"{bell.stem} is running; stop the services first (systemctl stop 'appliance-*'), nothing was touched")
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:  # it removes no log of changes when it closes
        unstored, held, count = ledger.connection.execute(
            """SELECT coalesce(sum(stored_at IS NULL AND erased_at IS NULL), 0), coalesce(sum(held AND erased_at IS NULL), 0), count(*)
               FROM recording"""
        ).fetchone()
        erased = ledger.connection.execute("SELECT count(*) FROM record WHERE kind = 'RecordingErased'").fetchone()[0]
    if unstored and not wish.unstored:
        raise WipeError(
            f"{unstored} recordings are on this box alone; store them (appliance uploader run --once) or say --unstored"
        )
    if held and not wish.held:
        raise WipeError(f"{held} recordings are held for a case; release them (appliance release) or say --held")
    return {
        "contract": site.contract, "serial": site.serial, "epoch": site.epoch, "recordings": count, "erased_in_store": erased,
        "unstored": unstored, "held": held,
    }  # fmt: skip


def _secrets_first(path: Path) -> tuple[int, str]:
    return (path.suffix in (".pub", ".crt"), str(path))


def _files(below: Path) -> Iterator[Path]:
    for path in sorted(below.rglob("*")):
        if path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir()):
            shelf.remove(path)
        elif path.is_file():
            yield path


def _beside(box: Box) -> Iterator[Path]:
    """What a box of the system has outside of its data: the configuration, and what it was before."""
    if box.folders.data.absolute() == SYSTEM_DATA and SYSTEM_CONFIG.exists():
        yield SYSTEM_CONFIG
        yield from _files(SYSTEM_CONFIG.parent / "versions")


def _probes(box: Box) -> Iterator[tuple[Path, bytes]]:
    """A piece of every file (of the largest where there are too many), by which it would be found again."""
    files = [path for path in box.folders.data.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in sorted(files, key=lambda path: path.stat().st_size, reverse=True)[:PROBES]:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size // 2 - PROBE))
            piece = file.read(PROBE)
        if len(set(piece)) > 8:  # zeros are found everywhere
            yield path, piece


def _fill(folder: Path) -> int:
    """Overwrite the free space: one file that takes all of it, and goes again; returns its size."""
    path, size, piece = folder / ".free-space", 0, _PIECE
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        while piece >= _SMALLEST:
            try:
                size += os.write(handle, os.urandom(piece))
            except OSError:  # no room for so much: what is left is taken in smaller pieces, and then that was the end
                os.fsync(handle)
                piece //= 4
    finally:
        os.close(handle)
        shelf.remove(path)
    return size


@contextlib.contextmanager
def _without_reserve(folder: Path) -> Iterator[None]:
    """ext4 keeps some blocks from everybody (ext4(5), reserved_clusters); earlier data may lie in them, so they are lent for the while."""
    device = folder.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    setting = Path("/sys/fs/ext4") / name / "reserved_clusters"
    before = setting.read_text("ascii") if setting.exists() else ""
    with contextlib.suppress(OSError):
        setting.write_text("0", "ascii") if before else None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            setting.write_text(before, "ascii") if before else None


def search(image: Path, probes: Sequence[bytes]) -> int:
    """How many of these pieces are still on the disk (or in its image). Raises WipeError where it cannot be read."""
    if not probes:
        return 0
    wanted: dict[bytes, list[bytes]] = {}
    for probe in probes:
        wanted.setdefault(probe[:8], []).append(probe)
    found: set[bytes] = set()
    tail = b""
    try:
        with image.open("rb") as disk:
            while piece := disk.read(_PIECE):
                text = tail + piece
                found |= {probe for group in wanted.values() for probe in group if probe in text}
                tail = text[-PROBE:]
    except OSError as error:
        raise WipeError(f"{image}: cannot be searched ({error.strerror}); name the disk under the data") from error
    return len(found)
