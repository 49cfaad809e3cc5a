"""Calls and recordings read from the database: by id, or by a clause that search writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from appliance.calls import Call, Recording, Statement
from appliance.records import RecordingReady, decode

CALL_COLUMNS = ", ".join(f"call.{field.name}" for field in fields(Call))
_RECORDING_COLUMNS = "body, store, key, stored_at, parked, expired_at, held, erased_at"
_FLAGS = ("start_seen", "end_seen")


def read_call(row: sqlite3.Row) -> Call:
    """A row of `select_calls` as a Call."""
    values = {field.name: row[field.name] for field in fields(Call)}
    values.update({name: None if row[name] is None else bool(row[name]) for name in _FLAGS})
    return Call(**values)


def select_calls(where: str = "", parameters: tuple[Any, ...] = ()) -> Statement:
    """A statement for calls; `where` is our own SQL, never a person's text."""
    return f"SELECT {CALL_COLUMNS} FROM call {where}", parameters  # noqa: S608 - columns and clauses are ours


def get_call(connection: sqlite3.Connection, call: str) -> Call | None:
    """One call by its id."""
    row = connection.execute(*select_calls("WHERE id = ?", (call,))).fetchone()
    return None if row is None else read_call(row)


def legs(connection: sqlite3.Connection, call: str) -> list[Call]:
    """The calls that are legs of this one, in the order they began."""
    return [read_call(row) for row in connection.execute(*select_calls("WHERE main = ? ORDER BY started_at, id", (call,)))]


def read_recording(row: sqlite3.Row) -> Recording:
    """A row of `recording` as a Recording."""
    facts = decode("RecordingReady", RecordingReady.version, row["body"])
    assert isinstance(facts, RecordingReady)  # decode was told so
    return Recording(
        facts=facts, store=row["store"], key=row["key"], stored_at=row["stored_at"], parked=row["parked"],
        expired_at=row["expired_at"], held=bool(row["held"]), erased_at=row["erased_at"],
    )  # fmt: skip


def get_recording(connection: sqlite3.Connection, recording: str) -> Recording | None:
    """One recording by its id or by that of its call."""
    row = connection.execute(
        f"SELECT {_RECORDING_COLUMNS} FROM recording WHERE id = ? OR call = ?",  # noqa: S608
        (recording, recording),
    ).fetchone()
    return None if row is None else read_recording(row)


def recordings(connection: sqlite3.Connection) -> Iterator[Recording]:
    """All recordings in the order of the chain."""
    for row in connection.execute(f"SELECT {_RECORDING_COLUMNS} FROM recording ORDER BY sequence"):  # noqa: S608
        yield read_recording(row)


def is_paused(connection: sqlite3.Connection, call: str) -> bool:
    """Whether the call's recording was paused and not resumed since."""
    last = "SELECT kind FROM record WHERE subject = ? AND kind IN ('RecordingPaused', 'RecordingResumed') ORDER BY at DESC LIMIT 1"
    found = connection.execute(last, (call,)).fetchone()
    return found is not None and found[0] == "RecordingPaused"


def labels(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The labels that each recording bears now, of those that bear one."""
    found: dict[str, set[str]] = {}
    for row in connection.execute("SELECT recording, label FROM recording_label"):
        found.setdefault(row["recording"], set()).add(row["label"])
    return found


def labels_of(connection: sqlite3.Connection, recording: str) -> list[str]:
    """The labels that this recording bears, by name."""
    rows = connection.execute("SELECT label FROM recording_label WHERE recording = ? ORDER BY label", (recording,))
    return [str(row["label"]) for row in rows]
