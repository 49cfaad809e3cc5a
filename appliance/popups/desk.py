"""What people at the telephone do with a call: say that they took it, write a memo, say what is to be done, and see who called before.

Memos are no records: they hold personal data. The row that says that somebody wrote one wakes every open page.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from appliance.calls import Call
from appliance.ledger import Ledger, append
from appliance.lookup import read_call, select_calls
from appliance.moments import SECOND
from appliance.records import CallNoted, CallTaken

LONGEST = 4000
DAY = 24 * 3600 * SECOND


class Note(NamedTuple):
    """What people said of one call."""

    taken_by: str = ""
    taken_at: int | None = None
    memo: str = ""
    memo_by: str = ""
    follow_up: str = ""
    noted_by: str = ""
    noted_at: int | None = None


class Contact(NamedTuple):
    """An earlier call with the same number."""

    call: Call
    note: Note


def take(ledger: Ledger, call: str, who: str, now: int) -> None:
    """Write down who answered."""
    ledger.append(CallTaken(at=now, call=call, who=who))


def write(ledger: Ledger, call: str, who: str, memo: str | None, follow_up: str, now: int) -> None:
    """Keep a memo (None leaves it as it is) and what is to be done: `open`, `done` or nothing."""
    state = follow_up if follow_up in ("open", "done") else ""
    with ledger.transaction() as connection:
        append(connection, [CallNoted(at=now, call=call, who=who, follow_up=state)])
        if memo is not None:
            text = memo.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:LONGEST].strip()
            connection.execute("UPDATE note SET memo = ?, memo_by = ? WHERE call = ?", (text, who, call))


def note_of(connection: sqlite3.Connection, call: str) -> Note:
    """What was said of this call."""
    columns = "taken_by, taken_at, memo, memo_by, follow_up, noted_by, noted_at"
    row = connection.execute(f"SELECT {columns} FROM note WHERE call = ?", (call,)).fetchone()  # noqa: S608
    return Note(*row) if row else Note()


def contacts(
    connection: sqlite3.Connection, number: str, before: int, limit: int = 1, clause: str = "1", *lines: str
) -> list[Contact]:
    """Calls with this number that began before that moment, the latest first; `clause` limits the lines (`Scope.clause`)."""
    if not number:
        return []
    sides = " UNION ALL ".join(_SIDE.format(side=side, clause=clause) for side in ("caller", "called"))
    values = (number, before, *lines, limit)
    statement, parameters = select_calls(
        f"WHERE id IN (SELECT id FROM ({sides})) ORDER BY started_at DESC LIMIT ?",  # noqa: S608 - our own words
        (*values, *values, limit),
    )
    found = [read_call(row) for row in connection.execute(statement, parameters)]
    return [Contact(call, note_of(connection, call.id)) for call in found]


def to_do(connection: sqlite3.Connection, since: int, limit: int = 50, clause: str = "1", *lines: str) -> list[Call]:
    """Calls that somebody has to see to, the latest first: missed since then and not called back, or marked so."""
    missed = f"SELECT id FROM call WHERE {clause} AND started_at > ? AND {MISSED} ORDER BY started_at DESC LIMIT ?"  # noqa: S608
    marked = "SELECT call AS id FROM note WHERE follow_up = 'open'"
    where = f"WHERE {clause} AND id IN (SELECT id FROM ({missed}) UNION {marked}) ORDER BY started_at DESC LIMIT ?"  # noqa: S608
    found = connection.execute(*select_calls(where, (*lines, *lines, since, limit, limit)))
    return [read_call(row) for row in found]


def is_to_do(connection: sqlite3.Connection, call: str, since: int) -> bool:
    """Whether somebody has to see to this call."""
    return connection.execute(*select_calls(f"WHERE id = ? AND {_TO_DO}", (call, since))).fetchone() is not None


MISSED = """+direction = 'inbound' AND ended_at IS NOT NULL AND answered_at IS NULL AND main IS NULL AND tied_by IS NULL
    AND NOT EXISTS (SELECT 1 FROM note WHERE note.call = call.id AND follow_up = 'done')
    AND NOT EXISTS (SELECT 1 FROM call AS later WHERE call.caller != '' AND later.caller = call.caller
                    AND later.started_at > call.started_at AND later.answered_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM call AS back WHERE call.caller != '' AND back.called = call.caller
                    AND back.started_at > call.started_at AND back.answered_at IS NOT NULL)"""
"""Nobody answered, nobody spoke with them since, and nobody said that it is done. The plus keeps SQLite from walking every inbound call."""
_TO_DO = f"((started_at > ? AND {MISSED}) OR id IN (SELECT call FROM note WHERE follow_up = 'open'))"  # noqa: S608 - our own words
_SIDE = """SELECT * FROM (SELECT id, started_at FROM call WHERE {side} = ? AND started_at < ? AND main IS NULL AND {clause}
    ORDER BY started_at DESC LIMIT ?)"""
