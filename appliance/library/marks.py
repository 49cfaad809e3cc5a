"""Marks at a time of a recording, with a note. They are no records, for a note may hold what has to go; that one was set is a row."""

from __future__ import annotations

import secrets
import sqlite3
from typing import NamedTuple

from appliance.calls import Recording
from appliance.customers.names import tidy
from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.records import Changed
from appliance.words import N_

MOST = 200
LONGEST_NOTE = 500


class Mark(NamedTuple):
    """One mark."""

    id: str
    seconds: float
    note: str
    who: str


def marks_of(connection: sqlite3.Connection, recording: str) -> list[Mark]:
    """The marks of this recording, in order."""
    rows = connection.execute(
        "SELECT id, seconds, note, who FROM mark WHERE recording = ? ORDER BY seconds, id LIMIT ?", (recording, MOST)
    )
    return [Mark(*row) for row in rows]


def put(ledger: Ledger, recording: Recording, seconds: float, note: str, who: str, now: int) -> Mark:
    """Set a mark at this second, or at the end where that is before it. Raises SaidError where there are too many."""
    name = recording.facts.recording
    made = Mark(secrets.token_hex(6), min(seconds, recording.facts.seconds), tidy(note, LONGEST_NOTE), who)
    with ledger.transaction() as connection:
        if connection.execute("SELECT count(*) FROM mark WHERE recording = ?", (name,)).fetchone()[0] >= MOST:
            raise SaidError(N_("This recording has %(count)d marks; take one away first."), count=MOST)
        connection.execute(
            "INSERT INTO mark (id, recording, seconds, note, who, made_at) VALUES (?,?,?,?,?,?)",
            (made.id, name, made.seconds, made.note, who, now),
        )
        append(connection, [Changed(at=now, thing=f"recording {name}", who=who, what="mark set", why="")])
    return made


def remove(ledger: Ledger, recording: Recording, mark: str, who: str, now: int) -> bool:
    """Take a mark away; whether there was one."""
    name = recording.facts.recording
    with ledger.transaction() as connection:
        found = connection.execute("DELETE FROM mark WHERE id = ? AND recording = ?", (mark, name)).rowcount > 0
        if found:
            append(connection, [Changed(at=now, thing=f"recording {name}", who=who, what="mark removed", why="")])
    return found
