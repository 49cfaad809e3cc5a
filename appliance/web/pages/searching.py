"""The search form: what it asks, searches that are kept by name, and what was found as a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from appliance.calls import Call
from appliance.customers.names import tidy
from appliance.customers.sheets import write
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.library.search import OUTCOMES, Query, find
from appliance.lookup import labels_of
from appliance.moments import from_iso, isoformat, to_datetime
from appliance.numbers import pretty
from appliance.popups.desk import note_of
from appliance.records import Exported
from appliance.web import labels
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Searcher = Annotated[Session, Depends(allowed(Right.SEARCH))]
Exporter = Annotated[Session, Depends(allowed(Right.EXPORT))]
Csrf = Annotated[str, Form(max_length=100)]
MOST_SAVED = 30
MOST_ROWS = 200_000
HEAD = (
    "began", "direction", "caller", "caller_name", "caller_reason", "called", "line", "talk_seconds", "end_reason", "recorded",
    "not_recorded", "taken_by", "follow_up", "memo", "labels", "held", "call",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The form's fields as typed."""

    number: str = ""
    begin: str = ""
    end: str = ""
    direction: str = ""
    outcome: str = ""
    reason: str = ""
    line: str = ""
    who: str = ""
    label: str = ""
    memo: str = ""
    shortest: str = ""
    longest: str = ""
    held: str = ""

    def chosen(self) -> dict[str, str]:
        """What is filled in."""
        return {field.name: value[:200] for field in fields(self) if (value := getattr(self, field.name))}

    @property
    def further(self) -> bool:
        """Whether one of the rarer fields is filled in."""
        return any((self.reason, self.line, self.who, self.label, self.memo, self.shortest, self.longest, self.held))


def query_of(console: Console, session: Session, asked: Asked) -> Query:
    """What is looked for; a field that makes no sense does not restrict."""
    scope = console.scope(session)
    return Query(
        lines=scope.spellings if scope else None,
        number=asked.number[:60],
        begin=day_of(console, asked.begin),
        end=day_of(console, asked.end, following=True),
        direction=asked.direction if asked.direction in labels.DIRECTION else "",
        outcome=asked.outcome if asked.outcome in OUTCOMES else "",
        reason=asked.reason if asked.reason in labels.REASON else "",
        line=asked.line[:60] if console.box.config.line(asked.line) else "",
        who=asked.who[:100],
        label=asked.label[:40],
        memo=asked.memo[:100],
        shortest=_seconds(asked.shortest),
        longest=_seconds(asked.longest),
        held=bool(asked.held),
        once=True,
    )


def may_see(console: Console, session: Session, line: str) -> bool:
    """Whether calls of this line are theirs to see."""
    scope = console.scope(session)
    return scope is None or scope.covers(line)


def known_labels(connection: sqlite3.Connection) -> list[str]:
    """Every label that a recording bears."""
    rows = connection.execute("SELECT DISTINCT label FROM recording_label ORDER BY label LIMIT 200")
    return [str(row["label"]) for row in rows]


def takers(connection: sqlite3.Connection) -> list[str]:
    """Everybody who took a call."""
    rows = connection.execute("SELECT DISTINCT taken_by FROM note WHERE taken_by != '' ORDER BY taken_by LIMIT 200")
    return [str(row["taken_by"]) for row in rows]


def saved(console: Console, session: Session) -> list[tuple[str, str]]:
    """This person's searches: name and what it asks."""
    rows = console.ledger.connection.execute(
        "SELECT name, query FROM saved_search WHERE account = ? ORDER BY name LIMIT ?", (session.account, MOST_SAVED)
    )
    return [(row["name"], row["query"]) for row in rows]


@router.post("/searches")
def keep(
    request: Request,
    session: Searcher,
    name: Annotated[str, Form(max_length=200)] = "",
    query: Annotated[str, Form(max_length=4000)] = "",
    do: Annotated[str, Form(max_length=10)] = "keep",
    csrf: Csrf = "",
) -> Response:
    """Keep a search under a name, or forget it."""
    check_form(session, csrf)
    console = console_of(request)
    known = {field.name for field in fields(Asked)}
    asked = urlencode([(field, value) for field, value in parse_qsl(query) if field in known])
    name = tidy(name, 60)
    if not name:
        raise SaidError(N_("Give the search a name."))
    with console.ledger.transaction() as connection:
        connection.execute("DELETE FROM saved_search WHERE account = ? AND name = ?", (session.account, name))
        if do != "forget":
            connection.execute("INSERT INTO saved_search (account, name, query) VALUES (?,?,?)", (session.account, name, asked))
    return RedirectResponse(f"/calls?{asked}", 303)


@router.get("/calls.csv")
def export(request: Request, session: Exporter, asked: Annotated[Asked, Depends()]) -> Response:
    """What was found as CSV, which is entered in the register."""
    console = console_of(request)
    query = query_of(console, session, asked)
    entry = Exported(at=console.clock.now(), recording="calls", who=session.account, what="calls csv")
    console.ledger.append(entry)
    headers = {"Content-Disposition": 'attachment; filename="calls.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(console, query), media_type="text/csv; charset=utf-8", headers=headers)


def _pieces(console: Console, query: Query) -> Iterator[bytes]:
    with Ledger.open(console.box.folders.ledger) as ledger:  # the stream outlives the request's thread
        for piece in write(HEAD, _rows(console, ledger, replace(query, limit=500))):
            yield piece.encode("utf-8", "replace")


def _rows(console: Console, ledger: Ledger, query: Query) -> Iterator[list[str]]:
    count = 0
    while count < MOST_ROWS:
        page = find(ledger.connection, query)
        yield from (_row(console, ledger.connection, call) for call in page.calls)
        count += len(page.calls)
        if page.next is None:
            return
        query = replace(query, before=page.next)


def _row(console: Console, connection: sqlite3.Connection, call: Call) -> list[str]:
    note = note_of(connection, call.id)
    held = connection.execute("SELECT held FROM recording WHERE call = ?", (call.id,)).fetchone()
    return [
        isoformat(call.started_at, console.box.config.site.zone), call.direction, pretty(call.caller, call.caller_e164), call.caller_name,
        call.caller_reason or "", pretty(call.called, call.called_e164), call.line or "", f"{call.duration:.1f}", call.end_reason or "",
        "1" if call.recording else "", call.not_recorded or "", note.taken_by, note.follow_up, note.memo,
        ",".join(labels_of(connection, call.recording)) if call.recording else "", "1" if held and held["held"] else "", call.id,
    ]  # fmt: skip


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None


def day_of(console: Console, text: str, *, following: bool = False) -> int | None:
    """A date of the form as the moment it begins (or ends) at the site; None where it is none."""
    if not text:
        return None
    zone = console.box.config.site.zone
    try:
        moment = from_iso(text, zone)
        if following and len(text) == 10:
            local = to_datetime(moment, zone).replace(tzinfo=None) + timedelta(days=1)
            moment = from_iso(local.isoformat(), zone)
    except (ValueError, OverflowError):
        return None
    return moment
