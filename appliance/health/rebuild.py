"""`appliance doctor --rebuild`: a ledger that is lost or damaged is brought back from itself, the folders and the store.

What still can be read of a damaged ledger comes first (who listened, calls without a recording), then every sealed manifest in the
folders, then the checkpoints, then what a wing can bring back (entry points `appliance.restorers`: the uploader's store). The damaged
file is moved aside, never deleted. Nothing is taken in that the box did not sign.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance import checkpoints, keys, manifest, retelling, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.health import keepsakes
from appliance.jobs import NewJob, enqueue
from appliance.keys import Identity
from appliance.ledger import Ledger, LedgerError, append
from appliance.records import Record, RecordingReady, UnknownRecordError, decode
from appliance.sealed import SealedError, open_sealed

GROUP = "appliance.restorers"
_FILES = ("", "-wal", "-shm")
_STEP = 256


@dataclass(slots=True)
class Rebuilt:
    """What came of it."""

    aside: str = ""
    """Where the damaged ledger lies now."""
    salvaged: int = 0
    """Records read from it."""
    recordings: int = 0
    """Brought back from manifests in the folders."""
    present: int = 0
    stored: int = 0
    """Brought back from the store."""
    kept: dict[str, int] = field(default_factory=dict)
    """Rows of what people entered that came back, by table."""
    from_backup: int = 0
    """Records read from the last backup."""
    lacks: list[str] = field(default_factory=list)
    """What could not be brought back, or only as it was in the night of the backup."""
    problems: list[str] = field(default_factory=list)


def rebuild(box: Box, identities: Sequence[Identity], clock: Clock, signer: str = "", backup: Path | None = None) -> Rebuilt:
    """Bring the ledger back. Raises CouldNotError where nothing could be opened."""
    done = Rebuilt()
    key = signer.strip().lower() or keys.signing_public(box.folders.keys) or ""
    lost = not box.folders.ledger.exists()
    old = _set_aside(box.folders.ledger, clock.now(), done)
    with tempfile.TemporaryDirectory(dir=box.folders.data, prefix=".backup-") as folder, Ledger.open(box.folders.ledger) as ledger:
        if old is not None:
            done.salvaged = _salvage(old, ledger, done)
        kept = None
        if lost or old is not None or backup is not None:
            kept = keepsakes.open_backup(box, identities, backup, Path(folder), done.lacks)
        if kept is not None:  # behind what was salvaged, which knows what was erased since
            done.from_backup = _salvage(kept[0], ledger, done)
        _take_folders(box, ledger, identities, key, clock.now(), done)
        _take_checkpoints(box, ledger, key, done)
        for entry in importlib.metadata.entry_points(group=GROUP):
            try:
                count, problems = entry.load()(box, ledger, identities, clock, key)
                done.stored += count
                done.problems += problems
            except CouldNotError as error:
                done.problems.append(f"{entry.name}: {error}")
        if lost or old is not None or backup is not None:
            done.kept = keepsakes.bring_back(box, ledger, old, kept, clock.now(), done.lacks)
    return done


def _set_aside(path: Path, now: int, done: Rebuilt) -> Path | None:
    """Move a damaged ledger out of the way; one that is whole, or not there, is left. Returns where it lies now."""
    if not path.exists() or _is_whole(path):
        return None
    aside = path.with_name(f"{path.name}.damaged-{now // 10**9}")
    for ending in _FILES:
        beside = Path(f"{path}{ending}")
        if beside.exists():
            beside.rename(f"{aside}{ending}")
    shelf.sync_folder(path.parent)
    done.aside = str(aside)
    return aside


def _is_whole(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            told = connection.execute("PRAGMA integrity_check(1)").fetchone()
            connection.execute("SELECT id FROM record LIMIT 1").fetchone()
            return told is not None and told[0] == "ok"
    except sqlite3.Error:
        return False


def _salvage(old: Path, ledger: Ledger, done: Rebuilt) -> int:
    """Every record that can still be read and is known; returns how many were new."""
    count = 0
    for record in _readable(old):
        try:
            count += len(ledger.append(record))
        except LedgerError as error:  # two rows for one place in the chain: only one of them is told again
            done.problems.append(f"{old.name}: {record.kind} of {record.subject}: {error}")
    return count


def _readable(path: Path) -> Iterator[Record]:
    """The records of a damaged database in their order: a page that cannot be read costs its own rows, not the others'."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    except sqlite3.Error:
        return
    with contextlib.closing(connection):
        first, last = _bounds(connection)
        while first <= last:
            yield from _rows(connection, first, min(first + _STEP, last + 1))
            first += _STEP


def _bounds(connection: sqlite3.Connection) -> tuple[int, int]:
    found = []
    for order in ("ASC", "DESC"):
        try:
            row = connection.execute(f"SELECT id FROM record ORDER BY id {order} LIMIT 1").fetchone()  # noqa: S608 - our own word
            found.append(int(row[0]) if row else 0)
        except sqlite3.Error:
            found.append(1 if order == "ASC" else _highest(connection))
    return found[0], found[1]


def _highest(connection: sqlite3.Connection) -> int:
    """The highest row id ever given, as SQLite itself noted it; 0 where that is lost too."""
    try:
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'record'").fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0


def _rows(connection: sqlite3.Connection, first: int, end: int) -> Iterator[Record]:
    query = "SELECT kind, version, body FROM record WHERE id >= ? AND id < ? ORDER BY id"
    try:
        rows = connection.execute(query, (first, end)).fetchall()
    except sqlite3.Error:
        if end - first > 1:
            middle = (first + end) // 2
            yield from _rows(connection, first, middle)
            yield from _rows(connection, middle, end)
        return
    for row in rows:
        with contextlib.suppress(UnknownRecordError, ValueError, TypeError):
            yield decode(*row)


def _take_folders(box: Box, ledger: Ledger, identities: Sequence[Identity], key: str, now: int, done: Rebuilt) -> None:
    below = box.folders.recordings
    for path in sorted(below.rglob("*.json.age")) if below.is_dir() else []:
        try:
            found = _told(path, identities, key)
            _take(box, ledger, found, now, done)
        except (SealedError, manifest.ManifestError, CouldNotError, sqlite3.Error) as error:
            done.problems.append(f"{path.relative_to(below)}: {error}")
        except OSError as error:
            done.problems.append(f"{path.relative_to(below)}: cannot be read ({error.strerror})")
        except retelling.MALFORMED as error:
            done.problems.append(f"{path.relative_to(below)}: is no manifest of a recording ({error!r})")
    for path in sorted(below.rglob("*.age")) if below.is_dir() else []:
        if not _manifest_of(path).exists():
            done.problems.append(f"{path.relative_to(below)}: has no manifest beside it; it is kept, but cannot be listed")


def _manifest_of(path: Path) -> Path:
    return path.with_name(path.name.split(".")[0] + ".json.age")


def _told(path: Path, identities: Sequence[Identity], key: str) -> list[Record]:
    sealed = path.read_bytes()
    signed = manifest.decode(open_sealed(sealed, identities))
    manifest.check_signature(signed.chain, signed.signature, key or signed.public_key)
    records = list(retelling.records_of(signed, sealed))
    ready = records[-1]
    assert isinstance(ready, RecordingReady)  # the last that `records_of` tells
    if ready.manifest.rpartition("/")[2] != path.name:
        raise manifest.ManifestError("is the manifest of another recording")
    return records


def _take(box: Box, ledger: Ledger, records: list[Record], now: int, done: Rebuilt) -> None:
    """Rows, and the job that brings it to the store (where it may be already: then that is found)."""
    ready = records[-1]
    assert isinstance(ready, RecordingReady)  # see `_told`
    known = ledger.connection.execute(
        "SELECT id, erased_at, stored_at FROM recording WHERE sequence = ?", (ready.sequence,)
    ).fetchone()
    if known is not None and known["id"] != ready.recording:
        raise manifest.ManifestError(f"has the number {ready.sequence} in the chain, which another recording has")
    path = box.folders.recordings / ready.file
    if not path.exists() or shelf.sha256_of(path) != ready.sealed_sha256:
        raise manifest.ManifestError("its recording is missing or was changed")
    with ledger.transaction() as connection:
        fresh = append(connection, records)
        if known is None or (known["stored_at"] is None and known["erased_at"] is None):
            enqueue(connection, [NewJob(kind="upload", subject=ready.recording, body={})], now)
    done.recordings += known is None and bool(fresh)
    done.present += known is not None


def _take_checkpoints(box: Box, ledger: Ledger, key: str, done: Rebuilt) -> None:
    for path in sorted(box.folders.checkpoints.glob("*.json")) if box.folders.checkpoints.is_dir() else []:
        try:
            found = checkpoints.read_file(path)
            manifest.check_signature(found.chain, found.signature, key or found.public_key, manifest.CHECKPOINT)
        except (CouldNotError, manifest.ManifestError) as error:
            done.problems.append(f"{path.name}: {error}")
            continue
        ledger.append(found)
