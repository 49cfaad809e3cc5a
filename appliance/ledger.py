"""The ledger: append, since, latest. The truth of the box (design §2).

SQLite in WAL mode with `synchronous=FULL` (NORMAL lost every row in a simulated power cut), always BEGIN IMMEDIATE, transactions
tiny: never a packet in it, never a network wait inside one. A `Ledger` belongs to one thread; each thread opens its own.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from appliance import calls, schema, seen_twice
from appliance.errors import CouldNotError
from appliance.records import Heartbeat, Record, decode, encode

BUSY_TIMEOUT_S = 15.0


class LedgerError(CouldNotError):
    """The database could not do what it was asked; the transaction left nothing behind."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its place in the ledger; `id` only grows, and is what SSE sends as `Last-Event-ID`."""

    id: int
    record: Record


class Ledger:
    """One connection to `ledger.db`, opened (and migrated) by `Ledger.open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Ledger:
        """Open the database at `path`, creating and migrating it unless `readonly`. Raises CouldNotError (LedgerError)."""
        try:
            if readonly:
                if not path.exists():
                    raise LedgerError(f"{path}: there is no ledger here; nothing was recorded into this folder yet")
                schema.refuse_newer(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
                schema.ensure(path)
            mode = "ro" if readonly else "rw"
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")  # what is erased on demand is gone from the file too
            connection.execute("SELECT id FROM record LIMIT 1").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"{path}: the ledger cannot be opened ({error}); is the folder there, writable and not full?"
            ) from error
        return cls(connection, path)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def transaction(self, *, hasty: bool = False) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT; anything raised inside rolls back. Database errors become LedgerError.

        `hasty`: read by others at once, and safe from a power cut with the next transaction only; for facts that would be told again.
        """
        try:
            if hasty:
                with self._hasty(), self.transaction() as connection:
                    yield connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise LedgerError(f"{self.path}: the ledger could not be written ({error}); nothing was lost") from error

    @contextmanager
    def _hasty(self) -> Iterator[None]:
        self.connection.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA synchronous=FULL")

    def append(self, *records: Record) -> list[int]:
        """Write these facts in one transaction; returns the ids of the rows that are new."""
        with self.transaction() as connection:
            return append(connection, records)

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace what this service last said."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO heartbeat (service, at, pid, state, detail) VALUES (?,?,?,?,?)",
                (heartbeat.service, heartbeat.at, heartbeat.pid, heartbeat.state, json.dumps(dict(heartbeat.detail))),
            )

    def heartbeats(self) -> list[Heartbeat]:
        """What each service last said, by name."""
        rows = self.connection.execute("SELECT service, at, pid, state, detail FROM heartbeat ORDER BY service")
        return [
            Heartbeat(at=row["at"], service=row["service"], pid=row["pid"], state=row["state"], detail=json.loads(row["detail"]))
            for row in rows
        ]

    def since(self, row: int, kinds: Iterable[type[Record]] = (), limit: int = 1000) -> list[Row]:
        """The records after this row id, oldest first, of these kinds or of all."""
        names = [kind.__name__ for kind in kinds]
        chosen = f"AND kind IN ({','.join('?' * len(names))})" if names else ""
        rows = self.connection.execute(
            f"SELECT id, kind, version, body FROM record WHERE id > ? {chosen} ORDER BY id LIMIT ?",  # noqa: S608
            (row, *names, limit),
        )
        return [_read(found) for found in rows]

    def of(self, subject: str) -> list[Row]:
        """Every record about this subject, oldest first."""
        rows = self.connection.execute("SELECT id, kind, version, body FROM record WHERE subject = ? ORDER BY id", (subject,))
        return [_read(found) for found in rows]

    def latest(self, kind: type[Record], subject: str | None = None) -> Row | None:
        """The newest record of this kind (about this subject)."""
        rows = self.connection.execute(
            "SELECT id, kind, version, body FROM record WHERE kind = ? AND (? IS NULL OR subject = ?) ORDER BY id DESC LIMIT 1",
            (kind.__name__, subject, subject),
        )
        found = rows.fetchone()
        return None if found is None else _read(found)

    def forget(self) -> bool:
        """Empty the log of changes, in which erased rows could still be read. False while somebody reads it: ask again later."""
        return not self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def last_row(self) -> int:
        """The id of the newest record, 0 in an empty ledger."""
        return int(self.connection.execute("SELECT coalesce(max(id), 0) FROM record").fetchone()[0])


def append(connection: sqlite3.Connection, records: Iterable[Record]) -> list[int]:
    """Write records inside a transaction that is already open, and bring the readings up to date with the new ones."""
    fresh: list[int] = []
    for record in records:
        identity = hashlib.sha256(json.dumps(record.identity).encode("ascii")).digest()[:16]
        cursor = connection.execute(
            "INSERT OR IGNORE INTO record (kind, version, subject, at, identity, body) VALUES (?,?,?,?,?,?)",
            (record.kind, record.version, record.subject, record.at, identity, encode(record)),
        )
        if cursor.rowcount:
            fresh.append(int(cursor.lastrowid or 0))
            for sql, parameters in calls.project(record):
                connection.execute(sql, tuple(_storable(value) for value in parameters))
            fresh += append(connection, seen_twice.ties(connection, record))
    return fresh


def _storable(value: object) -> object:
    """SQLite takes no lone surrogates; the record itself keeps them."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _read(row: sqlite3.Row) -> Row:
    return Row(row["id"], decode(row["kind"], row["version"], row["body"]))
