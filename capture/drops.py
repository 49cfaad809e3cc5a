"""Frames that the kernel dropped since the tap's ring was full: told as they happen, and to the recordings of that time."""

from __future__ import annotations

import sqlite3

from appliance.moments import SECOND
from appliance.records import WeirdSeen

NAME = "kernel-dropped"
TOLD_WITHIN = 2 * SECOND
"""The tap looks once a second."""


def dropped(at: int, via: str, count: int) -> WeirdSeen:
    """So many frames were dropped shortly before this moment (ns)."""
    return WeirdSeen(at=at, name=NAME, via=via, count=count, sample="")


def during(connection: sqlite3.Connection, via: str, begin: int, end: int) -> int:
    """How many frames of this interface were dropped, of whatever calls."""
    rows = connection.execute(
        "SELECT sum(json_extract(body, '$.count')) FROM record WHERE subject = ? AND kind = 'WeirdSeen' AND at BETWEEN ? AND ?"
        " AND json_extract(body, '$.via') = ?",
        (NAME, begin, end + TOLD_WITHIN, via),
    )
    return int(rows.fetchone()[0] or 0)
