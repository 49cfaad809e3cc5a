"""Calls found by number, time, direction and outcome, newest first, in pages. The statement is made here, the reading in `calls`."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from appliance.calls import Call
from appliance.lookup import read_call, select_calls
from appliance.numbers import clean

PAGE = 50
OUTCOMES = ("recorded", "not_recorded", "open")
_LARGEST = 2**63 - 1
_NEVER_KEPT = re.compile("[\0\ud800-\udfff]")
"""What no text in the database holds: LIKE stops reading at a NUL, and the others are no letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; empty fields do not restrict."""

    number: str = ""
    """Part of a number, of a name or of the reason why no number was shown, as typed: full width and hyphens do not matter."""
    begin: int | None = None
    end: int | None = None
    """Calls that began in [begin, end), nanoseconds."""
    direction: str = ""
    outcome: str = ""
    reason: str = ""
    """Why no caller number was shown (`anonymous` …)."""
    lines: frozenset[str] | None = None
    """Only calls of lines spelled so; None: of all."""
    before: tuple[int, str] | None = None
    """The (start, id) of the last call of the page before."""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of calls and where the next begins."""

    calls: list[Call]
    next: tuple[int, str] | None


def find(connection: sqlite3.Connection, query: Query) -> Page:
    """The calls that fit."""
    clauses, parameters = _clauses(query)
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    parameters.append(_storable(query.limit + 1))
    statement, values = select_calls(f"{where} ORDER BY started_at DESC, id DESC LIMIT ?", tuple(parameters))
    calls = [read_call(row) for row in connection.execute(statement, values)]
    more = len(calls) > query.limit
    calls = calls[: query.limit]
    return Page(calls, (calls[-1].started_at, calls[-1].id) if more else None)


def _clauses(query: Query) -> tuple[list[str], list[Any]]:
    clauses: list[str] = []
    parameters: list[Any] = []

    def add(clause: str, *values: Any) -> None:
        clauses.append(clause)
        parameters.extend(values)

    if query.begin is not None:
        add("started_at >= ?", _storable(query.begin))
    if query.end is not None:
        add("started_at < ?", _storable(query.end))
    if query.direction:
        add("direction = ?", query.direction)
    if query.reason:
        add("caller_reason = ?", query.reason)
    if query.lines is not None:
        add(f"line IN ({','.join('?' * len(query.lines))})", *sorted(query.lines))
    if query.before is not None:
        add("(started_at, id) < (?, ?)", _storable(query.before[0]), query.before[1])
    if query.outcome:
        add({
            "recorded": "recording IS NOT NULL",
            "not_recorded": "recording IS NULL AND not_recorded IS NOT NULL",
            "open": "ended_at IS NULL",
        }.get(query.outcome, "0"))  # fmt: skip
    if query.number.strip():
        clause, values = _number(query.number)
        add(clause, *values)
    return clauses, parameters


def _storable(number: int) -> int:
    """The number, or the nearest one that the database can hold."""
    return max(-_LARGEST, min(_LARGEST, number))


def _number(typed: str) -> tuple[str, list[str]]:
    """Digits are looked for in both numbers, in every form; anything else in the name and the reason too."""
    if _NEVER_KEPT.search(typed):
        return "0", []
    text = clean(typed)
    columns = ["caller", "called", "caller_e164", "called_e164"]
    if not text.lstrip("+").isdigit():
        columns += ["caller_name", "caller_raw", "called_raw", "caller_reason"]
        text = typed.strip()
    pattern = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    return "(" + " OR ".join(rf"{column} LIKE ? ESCAPE '\'" for column in columns) + ")", [pattern] * len(columns)
