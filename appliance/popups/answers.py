"""What the office's own systems said of a number, kept for a while, so that the card never waits for them.

A table and no records: it is personal data of somebody else's, which goes by itself and at once when its number is erased.
"""

from __future__ import annotations

import json
import sqlite3

from appliance.popups.known import Answer, Found, tidied


def of(connection: sqlite3.Connection, number: str, now: int) -> list[Answer]:
    """What is known of this number (national form) now, by the systems' names."""
    if not number:
        return []
    rows = connection.execute("SELECT source, body FROM answer WHERE number = ? AND until > ? ORDER BY source", (number, now))
    found = [Answer(row["source"], Found(**json.loads(row["body"]))) for row in rows]
    return [answer for answer in found if answer.found.title]


def is_fresh(connection: sqlite3.Connection, number: str, source: str, now: int) -> bool:
    """Whether this system need not be asked: it was, and that it knew nobody is an answer too."""
    row = connection.execute("SELECT 1 FROM answer WHERE number = ? AND source = ? AND until > ?", (number, source, now)).fetchone()
    return row is not None


def keep(connection: sqlite3.Connection, number: str, source: str, found: Found | None, now: int, until: int) -> None:
    """Keep an answer, inside an open transaction; what is too old goes."""
    connection.execute("DELETE FROM answer WHERE until <= ?", (now,))
    connection.execute(
        "INSERT OR REPLACE INTO answer (number, source, body, at, until) VALUES (?,?,?,?,?)",
        (number, source, json.dumps(tidied(found or Found())._asdict(), ensure_ascii=False), now, until),
    )


def forget(connection: sqlite3.Connection, number: str) -> None:
    """Let go what was said of this number, inside an open transaction."""
    connection.execute("DELETE FROM answer WHERE number = ?", (number,))
