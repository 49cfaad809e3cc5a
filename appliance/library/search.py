"""Calls found by number, name, time, direction, line, person, label, memo, length and outcome, newest first, in pages.

Every condition says how it is tested on a call, and where it can, which calls it leaves. The one that leaves fewest leads; where none
leaves few, the calls are walked from the newest on, for then the page is full soon. Numbers and names are looked for among the parties of
calls (`party`), of which there are far fewer than calls.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import Any, NamedTuple

from appliance.calls import PARTY_EDGE, Call, lowered
from appliance.customers.names import fold
from appliance.lookup import CALL_COLUMNS, read_call
from appliance.moments import SECOND
from appliance.numbers import clean
from appliance.records import TieReason

PAGE = 50
OUTCOMES = ("recorded", "not_recorded", "open")
FEW = 3000
"""So many calls may be sorted; a condition that leaves more does not lead."""
_LARGEST = 2**63 - 1
_NEVER_KEPT = re.compile("[\0\ud800-\udfff]")
"""What no text in the database holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; empty fields do not restrict."""

    number: str = ""
    """Part of a number, of a name or of the reason why no number was shown, as typed: full width and hyphens do not matter; `090*` is a
    beginning, `*5678` an end. Names are those that the network sent and those of the customer book."""
    begin: int | None = None
    end: int | None = None
    """Calls that began in [begin, end), nanoseconds."""
    direction: str = ""
    outcome: str = ""
    reason: str = ""
    """Why no caller number was shown (`anonymous` …)."""
    line: str = ""
    """One of the site's lines, as the settings spell it."""
    who: str = ""
    """The account of whoever took it."""
    label: str = ""
    memo: str = ""
    """Part of a memo."""
    longest: int | None = None
    shortest: int | None = None
    """Seconds of talk."""
    held: bool = False
    """Only what is held for a case."""
    lines: frozenset[str] | None = None
    """Only calls of lines spelled so; None: of all."""
    once: bool = False
    """Calls that the telephone system tells of too only as what the tap saw, which holds all of it."""
    before: tuple[int, str] | None = None
    """The (start, id) of the last call of the page before."""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of calls and where the next begins."""

    calls: list[Call]
    next: tuple[int, str] | None


class _Condition(NamedTuple):
    test: str
    """On a row of `call`."""
    values: tuple[Any, ...] = ()
    leaves: str = ""
    """Selects the ids of the calls that it leaves, each as often as it likes; "" where that is not quick."""
    leaves_values: tuple[Any, ...] = ()


def find(connection: sqlite3.Connection, query: Query) -> Page:
    """The calls that fit."""
    conditions = list(_conditions(connection, query))
    leader = _leader(connection, conditions)
    source, values = "call INDEXED BY call_started", list[Any]()
    if leader is not None:
        source = f"(SELECT DISTINCT id AS chosen FROM ({leader.leaves})) CROSS JOIN call ON call.id = chosen"  # noqa: S608 - ours
        values += leader.leaves_values
    rest = [condition for condition in conditions if condition is not leader]
    where = " AND ".join(["1", *(condition.test for condition in rest)])
    for condition in rest:
        values += condition.values
    statement = f"SELECT {CALL_COLUMNS} FROM {source} WHERE {where} ORDER BY call.started_at DESC, call.id DESC LIMIT ?"  # noqa: S608
    calls = [read_call(row) for row in connection.execute(statement, (*values, _storable(query.limit + 1)))]
    more = len(calls) > query.limit
    calls = calls[: query.limit]
    return Page(calls, (calls[-1].started_at, calls[-1].id) if more else None)


def _leader(connection: sqlite3.Connection, conditions: list[_Condition]) -> _Condition | None:
    """The condition that leaves fewest calls, if that is few."""
    counted = []
    for place, condition in enumerate(conditions):
        if condition.leaves:
            statement = f"SELECT count(*) FROM (SELECT 1 FROM ({condition.leaves}) LIMIT {FEW + 1})"  # noqa: S608 - ours
            counted.append((connection.execute(statement, condition.leaves_values).fetchone()[0], place))
    fewest = min(counted, default=(FEW + 1, 0))
    return conditions[fewest[1]] if fewest[0] <= FEW else None


def _conditions(connection: sqlite3.Connection, query: Query) -> list[_Condition]:
    found = [*_when(query)]
    if query.lines is not None:
        marks, lines = ",".join("?" * len(query.lines)), tuple(sorted(query.lines))
        found.append(_Condition(f"+call.line IN ({marks})", lines, f"SELECT id FROM call WHERE line IN ({marks})", lines))  # noqa: S608
    for column in ("direction", "line"):
        if value := getattr(query, column):
            found.append(_Condition(f"+call.{column} = ?", (value,), f"SELECT id FROM call WHERE {column} = ?", (value,)))  # noqa: S608
    if query.reason:
        leaves = "SELECT id FROM call WHERE caller_reason IS NOT NULL AND caller_reason = ?"
        found.append(_Condition("+call.caller_reason = ?", (query.reason,), leaves, (query.reason,)))
    if query.outcome:
        found.append(_OUTCOME.get(query.outcome, _Condition("0")))
    if query.shortest is not None or query.longest is not None:
        least, most = query.shortest or 0, _LARGEST if query.longest is None else query.longest * SECOND
        span = (_storable(least * SECOND), _storable(most))
        leaves = "SELECT id FROM call WHERE answered_at IS NOT NULL AND ended_at - answered_at BETWEEN ? AND ?"
        found.append(_Condition("call.ended_at - call.answered_at BETWEEN ? AND ?", span, leaves, span))
    found += _said(query)
    if query.number.strip():
        found.append(_number(connection, query.number))
    return found


def _when(query: Query) -> list[_Condition]:
    found = []
    if query.begin is not None:
        found.append(_Condition("call.started_at >= ?", (_storable(query.begin),)))
    if query.end is not None:
        found.append(_Condition("call.started_at < ?", (_storable(query.end),)))
    if query.before is not None:
        moment, call = _storable(query.before[0]), query.before[1]
        found.append(_Condition("call.started_at <= ? AND (call.started_at, call.id) < (?, ?)", (moment, moment, call)))
    return found


_OUTCOME = {
    "recorded": _Condition("call.recording IS NOT NULL"),
    "not_recorded": _Condition("call.recording IS NULL AND call.not_recorded IS NOT NULL"),
    "open": _Condition("call.ended_at IS NULL", (), "SELECT id FROM call WHERE ended_at IS NULL"),
}


def _said(query: Query) -> list[_Condition]:
    """What people said of the call and its recording."""
    found = []
    note = "EXISTS (SELECT 1 FROM note WHERE note.call = call.id AND {})"
    if query.who:
        leaves = "SELECT call AS id FROM note WHERE taken_by != '' AND taken_by = ?"
        found.append(_Condition(note.format("taken_by = ?"), (query.who,), leaves, (query.who,)))
    if query.memo.strip():
        memo = _NEVER_KEPT.sub("\x01", query.memo.strip())
        leaves = "SELECT call AS id FROM note WHERE memo != '' AND instr(memo, ?) > 0"
        found.append(_Condition(note.format("instr(memo, ?) > 0"), (memo,), leaves, (memo,)))
    if query.label:
        label = _NEVER_KEPT.sub("\x01", query.label)
        test = "EXISTS (SELECT 1 FROM recording_label WHERE recording_label.recording = call.recording AND label = ?)"
        leaves = "SELECT call AS id FROM recording JOIN recording_label ON recording_label.recording = recording.id WHERE label = ?"
        found.append(_Condition(test, (label,), leaves, (label,)))
    if query.once:
        found.append(_Condition(f"(+call.tied_by IS NOT '{TieReason.PBX}' OR call.recording IS NOT NULL)"))
    if query.held:
        test = "EXISTS (SELECT 1 FROM recording WHERE recording.id = call.recording AND held = 1)"
        found.append(_Condition(test, (), "SELECT call AS id FROM recording WHERE held = 1"))
    return found


def _number(connection: sqlite3.Connection, typed: str) -> _Condition:
    """Digits are looked for in both numbers, in every form; anything else in the names and the reason too."""
    if _NEVER_KEPT.search(typed):
        return _Condition("0")
    column, text = _column_and_text(typed)
    chosen, values = f"SELECT id FROM party WHERE instr({column}, ?) > 0", [text]  # noqa: S608 - our own word
    each = f"instr({column}, ?) > 0"
    if column == "words" and fold(typed):  # the order of the joins is said, or the book is read anew for each party
        chosen += """ UNION ALL SELECT party.id FROM customer CROSS JOIN customer_number ON customer_number.customer = customer.id
                      CROSS JOIN party ON party.number = customer_number.number WHERE instr(folded, ?) > 0"""
        each += """ OR EXISTS (SELECT 1 FROM customer_number CROSS JOIN customer ON customer.id = customer_number.customer
                      WHERE customer_number.number = party.number AND instr(folded, ?) > 0)"""
        values.append(fold(typed))
    rows = connection.execute(f"{chosen} LIMIT {4 * FEW}", values).fetchall()
    parties = list(dict.fromkeys(str(row[0]) for row in rows))
    if (
        len(rows) == 4 * FEW or len(parties) > FEW
    ):  # each call is asked as it comes: where many fit, the page is full soon, and nobody lists them all
        test = f"EXISTS (SELECT 1 FROM party WHERE party.id IN (call.caller_party, call.called_party) AND ({each}))"  # noqa: S608
        return _Condition(test, tuple(values))
    listed = ",".join(parties)
    sides = " UNION ALL ".join(f"SELECT id FROM call WHERE {side}_party IN ({listed})" for side in ("caller", "called"))  # noqa: S608
    return _Condition(f"(+call.caller_party IN ({listed}) OR +call.called_party IN ({listed}))", (), sides)


def _column_and_text(typed: str) -> tuple[str, str]:
    """Where to look and for what; a star stands for the rest of a number."""
    digits = clean(typed)
    if re.fullmatch(r"\+?[0-9]{2,}\*", digits):
        return "digits", PARTY_EDGE + digits[:-1]
    if re.fullmatch(r"\*[0-9]{2,}", digits):
        return "digits", digits[1:] + PARTY_EDGE
    if digits.lstrip("+").isdigit():
        return "digits", lowered(digits)
    return "words", lowered(typed.strip())


def _storable(number: int) -> int:
    """The number, or the nearest one that the database can hold."""
    return max(-_LARGEST, min(_LARGEST, number))
