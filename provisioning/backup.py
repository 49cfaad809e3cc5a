"""One sealed file that makes a spare box the old one: configuration, keys, ledger, published flows; everything but the recordings.
Prompts, holidays, voicemail and what telephones have set are in it; Asterisk itself is not.

    age file ── tar ── about.json (first), config/appliance.toml, data/keys/…, data/ledger.db, data/flows/… …

It is sealed to the recipients of the configuration and never to the box alone: a backup that burns with its box is none. `about.json`
comes first, so that whoever reads a backup knows whether it may go on before it writes a byte. The ledger is copied while it is written
(SQLite's online backup). What is large and lies in the store already (recordings) is not part of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from appliance import __version__, schema, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.jobs import NewJob, enqueue
from appliance.keys import Identity, Recipient
from appliance.ledger import Ledger
from appliance.moments import to_datetime
from appliance.sealed import SealedError, SealedReader, SealingFile
from provisioning.asterisk_root import FOLDER as ASTERISK
from provisioning.prepare import copy_ledger

LAYOUT = 1
JOB = "backup"
"""Kind of the job that brings a backup to the store."""
ABOUT, CONFIG, DATA = "about.json", "config/appliance.toml", "data"
LEFT_OUT = frozenset({"spool", "recordings", "quarantine", "store", "run", "backups", "sound", "disclosures", "lost+found"})
"""Folders of the box that hold what lies in the store, what is being received, or what lives as long as the machine runs."""
NOT_ASTERISKS = frozenset({"tree", "previous", "next", "etc", "log"})
"""Of Asterisk's folder: what is installed and written anew. Voicemail and what telephones set (AstDB) go along."""
_MAX_ABOUT = 1 << 20


class BackupError(CouldNotError):
    """The backup cannot be used; the sentence says why and what to do, and nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backup says of itself."""

    layout: int
    version: str
    schema: int
    contract: str
    serial: str
    epoch: int
    made_at: int
    head: int
    """Number of the last recording in the chain that it knows."""
    disk_bytes: int
    """Size of the disk under the box's data."""
    bytes: int
    """Of all files in it."""


def make(box: Box, now: int, target: Path) -> About:
    """Write a backup of this box. Raises BackupError or CouldNotError, and then there is none."""
    to = [Recipient.parse(one.name, one.key) for one in box.config.recipients]
    if not to:
        raise BackupError(
            f"{box.source.name}: recipients: a backup that only this box can open is none; make a key: appliance uploader keys new"
        )
    with tempfile.TemporaryDirectory(dir=box.folders.data, prefix=".backup-") as folder:
        copy = Path(folder) / "ledger.db"
        copy_ledger(box.folders.ledger, copy)
        files = dict(_files(box, copy))
        about = _about(box, copy, now, sum(path.stat().st_size for path in files.values()))
        with shelf.create(target) as out, SealingFile(out, to) as sealed:
            _write(sealed, about, files, box.source.text)
    return about


def make_and_queue(box: Box, now: int) -> Path:
    """Write the night's backup below the box's folder and queue it for the store."""
    name = f"{to_datetime(now):%Y%m%dT%H%M%S}.tar.age"
    path = box.folders.data / "backups" / name
    make(box, now, path)
    body = {"file": name, "sha256": shelf.sha256_of(path), "at": now}
    with Ledger.open(box.folders.ledger) as ledger, ledger.transaction() as connection:
        enqueue(connection, [NewJob(kind=JOB, subject=name, body=body)], now)
    return path


def _files(box: Box, ledger: Path) -> Iterator[tuple[str, Path]]:
    """(name in the backup, file)."""
    yield f"{DATA}/ledger.db", ledger
    below = box.folders.data
    own = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "appliance.toml"}
    for path in sorted(below.rglob("*")):
        name = path.relative_to(below)
        if name.parts[0] in LEFT_OUT or name.parts[0] in own or name.parts[0].startswith(".") or path.name.endswith(shelf.PART):
            continue
        if name.parts[0] == ASTERISK and len(name.parts) > 1 and name.parts[1] in NOT_ASTERISKS:
            continue
        if path.is_file() and not path.is_symlink():
            yield f"{DATA}/{name.as_posix()}", path


def _about(box: Box, ledger: Path, now: int, size: int) -> About:
    figures, site = os.statvfs(box.folders.data), box.config.site
    with Ledger.open(ledger, readonly=True) as copy:
        head = copy.connection.execute("SELECT coalesce(max(sequence), 0) FROM recording").fetchone()[0]
    return About(
        layout=LAYOUT, version=__version__, schema=schema.VERSION, contract=site.contract, serial=site.serial, epoch=site.epoch,
        made_at=now, head=head, disk_bytes=figures.f_blocks * figures.f_frsize, bytes=size,
    )  # fmt: skip


def _write(out: SealingFile, about: About, files: dict[str, Path], settings: str) -> None:
    with tarfile.open(fileobj=cast("IO[bytes]", out), mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, text in ((ABOUT, json.dumps(asdict(about), sort_keys=True)), (CONFIG, settings)):
            body = text.encode("utf-8")
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(body), 0o640, about.made_at // 10**9
            archive.addfile(entry, io.BytesIO(body))
        for name, path in files.items():
            entry = archive.gettarinfo(path, name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            with path.open("rb") as body_file:
                archive.addfile(entry, body_file)


def look(path: Path, identities: Sequence[Identity]) -> About:
    """What this backup says of itself. Raises BackupError."""
    with _opened(path, identities) as archive:
        return _read_about(archive, path)


def unpack(path: Path, identities: Sequence[Identity], folder: Path) -> About:
    """Bring all of it into this empty folder, every byte authenticated. Raises BackupError."""
    with _opened(path, identities) as archive:
        about = _read_about(archive, path)
        while (entry := archive.next()) is not None:
            _extract(archive, entry, folder)
    return about


def ledger_of(box: Box, identities: Sequence[Identity], file: Path | None, folder: Path) -> tuple[Path, int] | None:
    """Entry point of `doctor --rebuild`: the ledger of this backup (or of the newest one here) in the folder, and when it was made.

    Raises BackupError where the named one does not open, or is another box's.
    """
    below = box.folders.data / "backups"
    for path in [file] if file else sorted(below.glob("*.tar.age"), reverse=True):
        try:
            about = _only_ledger(path, identities, folder)
        except BackupError:
            if file is not None:
                raise
            continue
        if about.contract != box.config.site.contract:
            raise BackupError(
                f"{path}: is a backup of {about.contract}, this box serves {box.config.site.contract}; nothing was taken of it"
            )
        return folder / DATA / "ledger.db", about.made_at
    return None


def _only_ledger(path: Path, identities: Sequence[Identity], folder: Path) -> About:
    with _opened(path, identities) as archive:
        about = _read_about(archive, path)
        while (entry := archive.next()) is not None:
            if entry.name == f"{DATA}/ledger.db":
                _extract(archive, entry, folder)
    return about


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(entry.name)
    if name.is_absolute() or ".." in name.parts or not entry.isfile():
        raise tarfile.TarError(f"holds {entry.name!r}, which no backup of ours does")
    body = archive.extractfile(entry)
    assert body is not None  # a file has a body
    with shelf.create(folder / name, entry.mode & 0o770) as out:
        while piece := body.read(1 << 20):
            out.write(piece)


@contextlib.contextmanager
def _opened(path: Path, identities: Sequence[Identity]) -> Iterator[tarfile.TarFile]:
    try:
        with (
            path.open("rb") as file,
            SealedReader(file, identities) as clear,
            tarfile.open(fileobj=cast("IO[bytes]", clear), mode="r|", bufsize=1 << 16) as archive,
        ):
            yield archive
    except (SealedError, tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path}: the backup {error}; take another night's, nothing was changed") from error
    except OSError as error:
        raise BackupError(
            f"{path}: cannot be read, or does not fit here ({error.strerror or error}); nothing was changed"
        ) from error


def _read_about(archive: tarfile.TarFile, path: Path) -> About:
    try:
        entry = archive.next()
        if entry is None or entry.name != ABOUT or entry.size > _MAX_ABOUT:
            raise BackupError(f"{path}: is no backup of a box; name another file")
        body = archive.extractfile(entry)
        assert body is not None  # a file has a body
        tree = json.loads(body.read())
        if tree.get("layout") != LAYOUT:
            raise BackupError(
                f"{path}: is a backup of layout {tree.get('layout')}, this version reads {LAYOUT}; "
                f"install version {tree.get('version')} of the program on the spare box first"
            )
        return About(**tree)
    except SealedError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupError(f"{path}: is no backup of a box ({error}); name another file") from error
