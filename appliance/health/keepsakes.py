"""What only the ledger's file knows, brought back from the last backup: customers, marks, memos, roles, accounts, and rows of the register.

A backup is of one night: what was entered since then is lost, and what was erased since then is in it. So nothing comes back of a call or
recording that is erased by what is known elsewhere, calls that were erased meanwhile are emptied again, and the rest is said. A table of
which the damaged ledger could still be read wholly is not taken from the backup: its rows are younger, and those it lacks went on purpose.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from appliance import erasure
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.ledger import Ledger, append
from appliance.lookup import get_call
from appliance.moments import isoformat
from appliance.records import CallErased, RecordingErased

GROUP = "appliance.backups"
"""Entry points: (box, identities, file or None, folder) -> (ledger, made at) of that backup or of the newest; None: there is none."""
TABLES = ("customer", "customer_number", "role", "account", "passkey", "token", "saved_search", "mark")
"""Whole tables; of `note` the memos are added to rows that come back by themselves."""
_SPARED = {"mark": "recording NOT IN (SELECT id FROM recording WHERE erased_at IS NOT NULL)"}


def bring_back(
    box: Box, ledger: Ledger, damaged: Path | None, backup: tuple[Path, int] | None, now: int, lacks: list[str]
) -> dict[str, int]:
    """Fill what is empty; returns how many rows of each came back. What could not be is added to `lacks`."""
    found: dict[str, int] = {}
    missing = [*TABLES, "note"]
    if damaged is not None:
        missing = _from(damaged, ledger, missing, found)
    if backup is None or not missing:
        return found
    made = isoformat(backup[1], box.config.site.zone)[:16]
    left = _from(backup[0], ledger, missing, found)
    lacks += [f"the backup of {made}: its table {table} could not be read" for table in left]
    _empty_again(ledger, now)
    lacks.append(
        f"{', '.join(missing)}: are those of the backup of {made}; what was entered since is lost, and numbers that were erased "
        "from the customer book since must be erased again: appliance erase --number"
    )
    return found


def open_backup(
    box: Box, identities: Sequence[Identity], file: Path | None, folder: Path, lacks: list[str]
) -> tuple[Path, int] | None:
    """The ledger of the backup that is named, or of the newest on this box, and when that was made; None where none opens."""
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            opened: tuple[Path, int] | None = entry.load()(box, identities, file, folder)
        except CouldNotError as error:
            lacks.append(str(error))
            continue
        if opened is not None:
            return opened
    lacks.append(
        "customers, memos, marks, roles, accounts and calls without a recording could not be brought back: no backup opens; fetch one "
        "(appliance uploader backups -o FILE), and name it with --backup and the customer's key with --identity"
    )
    return None


def _from(source: Path, ledger: Ledger, tables: Sequence[str], found: dict[str, int]) -> list[str]:
    """Copy tables that are empty here; returns those that could not be read to their end."""
    left = []
    try:
        old = sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)
    except sqlite3.Error:
        return list(tables)
    with contextlib.closing(old):
        for table in tables:
            try:
                rows = old.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own word
                columns = [column[0] for column in rows.description]
                kept = rows.fetchall()
            except sqlite3.Error:
                left.append(table)
                continue
            found[table] = _take_memos(ledger, columns, kept) if table == "note" else _take(ledger, table, columns, kept)
    return left


def _take(ledger: Ledger, table: str, columns: list[str], rows: list[tuple[object, ...]]) -> int:
    with ledger.transaction() as connection:
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - our own words, here and below
            return 0
        known = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
        both = [name for name in columns if name in known]
        marks = ",".join("?" * len(both))
        places = [columns.index(name) for name in both]
        connection.executemany(
            f"INSERT OR IGNORE INTO {table} ({','.join(both)}) VALUES ({marks})",  # noqa: S608
            ([row[place] for place in places] for row in rows),
        )
        if table in _SPARED:
            connection.execute(f"DELETE FROM {table} WHERE NOT ({_SPARED[table]})")  # noqa: S608
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _take_memos(ledger: Ledger, columns: list[str], rows: list[tuple[object, ...]]) -> int:
    """Who took a call comes back by its row; the memo is nowhere else. One of an erased call stays away."""
    count = 0
    with ledger.transaction() as connection:
        for row in rows:
            values = dict(zip(columns, row, strict=True))
            if values["memo"]:
                count += connection.execute(
                    """UPDATE note SET memo = ?, memo_by = ? WHERE call = ? AND memo = ''
                       AND NOT EXISTS (SELECT 1 FROM call WHERE call.id = note.call AND caller_reason = 'erased')""",
                    (values["memo"], values["memo_by"], values["call"]),
                ).rowcount
    return count


def _empty_again(ledger: Ledger, now: int) -> None:
    """Calls whose recording was erased after the backup come out of it with numbers and names: they go again."""
    gone = [row.record for row in ledger.since(0, (RecordingErased,), 1_000_000) if isinstance(row.record, RecordingErased)]
    for record in gone:
        row = ledger.connection.execute("SELECT call FROM recording WHERE id = ?", (record.recording,)).fetchone()
        call = get_call(ledger.connection, row["call"]) if row else None
        if call is None or call.caller_reason == erasure.ERASED:
            continue
        with ledger.transaction() as connection:
            erasure.redact(connection, call.id, line_too=False)
            append(connection, [CallErased(at=now, call=call.id, who=record.who, why=record.why, line_too=False)])
