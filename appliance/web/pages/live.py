"""The live page: a card at ring time, by server-sent events that lose nothing over a reload (`Last-Event-ID` is the ledger's row)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from appliance import push_key
from appliance.calls import Call
from appliance.library import register
from appliance.lookup import get_call, legs, read_call, select_calls
from appliance.moments import SECOND
from appliance.popups import desk, subscriptions
from appliance.popups.asking import may_go
from appliance.popups.pushing import allowed as allowed_hosts
from appliance.popups.subscriptions import Subscription
from appliance.records import (
    AccessAsked,
    AccessDecided,
    CallAnswered,
    CallEnded,
    CallEnriched,
    CallLinked,
    CallNoted,
    CallNotRecorded,
    CallRinging,
    CallTaken,
    LegTied,
    Record,
    RecordingFailed,
    RecordingPaused,
    RecordingReady,
    RecordingResumed,
)
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.news import News
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of, session_of, token_of
from appliance.web.shared_news import STAND_IN, Events, SharedNews

router = APIRouter()
Watcher = Annotated[Session, Depends(allowed(Right.POPUP))]
KINDS: tuple[type[Record], ...] = (
    CallRinging, CallAnswered, RecordingPaused, RecordingResumed, CallEnded, CallNotRecorded, RecordingReady, RecordingFailed,
    CallTaken, CallNoted, CallLinked, CallEnriched, LegTied, AccessAsked, AccessDecided,
)  # fmt: skip
KEEP_ALIVE_S = 15.0
RECENT = 20
_DAY = 24 * 3600 * SECOND


@router.get("/live")
def page(request: Request, session: Watcher) -> Response:
    """Calls under way, and the last ones that ended."""
    console = console_of(request)
    row = console.ledger.last_row()
    since = console.clock.now() - _DAY
    scope = console.scope(session)
    mine, lines = scope.clause() if scope else ("1", ())
    waiting = desk.to_do(console.ledger.connection, _missed_since(console), RECENT * 2, mine, *lines)
    opened = _select(
        console, f"WHERE {mine} AND ended_at IS NULL AND started_at > ? ORDER BY started_at DESC LIMIT 100", *lines, since
    )
    ended = _select(
        console,
        f"WHERE {mine} AND ended_at IS NOT NULL AND started_at > ? ORDER BY ended_at DESC LIMIT {RECENT * 2}",
        *lines,
        since,
    )
    due = {call.id for call in waiting}
    return console.page(
        request, "live.html", session, open=[console.shown(call, session) for call in _folded(console, session, opened)],
        waiting=[console.shown(call, session) for call in waiting if call.ended_at is not None],
        recent=[console.shown(call, session) for call in _folded(console, session, ended) if call.id not in due][:RECENT],
        row=row, push_key=push_key.public(console.box.folders.keys) if console.box.config.popup.push_contact else "",
    )  # fmt: skip


@router.post("/live/push")
def push(
    request: Request,
    session: Watcher,
    endpoint: Annotated[str, Form(max_length=2000)] = "",
    p256dh: Annotated[str, Form(max_length=200)] = "",
    auth: Annotated[str, Form(max_length=200)] = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Tell this browser of ringing calls while no page is open, as long as this session lasts."""
    check_form(session, csrf)
    console = console_of(request)
    popup = console.box.config.popup
    if not popup.push_contact or not may_go(endpoint, allowed_hosts(popup.push_hosts)):
        raise HTTPException(404)
    wanted = Subscription(endpoint, p256dh, auth, console.language(request))
    subscriptions.add(console.ledger, token_of(request), wanted, console.clock.now())
    return Response(status_code=204)


@router.get("/live/events")
async def events(
    request: Request, session: Watcher, after: int = 0, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> Response:
    """Cards as they change, for ever."""
    row = int(last_event_id) if last_event_id.isdecimal() else after
    stream = _events(request, max(0, row))
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _events(request: Request, row: int) -> AsyncIterator[str]:
    console, news = console_of(request), request.app.state.news
    assert isinstance(news, News)
    language = console.language(request)
    news.listeners += 1
    try:
        yield "retry: 1000\n\n"
        row = min(row, await run_in_threadpool(_last_row, console))  # a browser may know rows of a ledger that is no more
        while not news.closing:
            told = await run_in_threadpool(_told, request, console, row, language)
            if told is None:
                return
            row, messages = told
            for message in messages or [": still here\n\n"]:
                yield message
            await news.wait(KEEP_ALIVE_S)
    finally:
        news.listeners -= 1


def _told(request: Request, console: Console, row: int, language: str) -> tuple[int, list[str]] | None:
    """The newest row and the events until there for whoever is signed in; None where nobody is who may read them."""
    session = session_of(request)
    if session is None or Right.POPUP not in session.role.rights:
        return None
    last = console.ledger.last_row()
    if last <= row:
        return row, []
    strict = console.box.config.register_of_access.approve_listening
    key = (row, last, language, session.role, session.account if strict else "")
    anybody = session._replace(csrf=STAND_IN)
    shared: SharedNews = request.app.state.shared
    events = shared.get(key, lambda: Events(*_changes(console, row, language, anybody)))
    return events.row, events.of(session.csrf)


def _last_row(console: Console) -> int:
    return console.ledger.last_row()


def _changes(console: Console, row: int, language: str, session: Session) -> tuple[int, list[str]]:
    """The newest row, and an event for each call that changed since `row`."""
    rows = console.ledger.since(row, KINDS)
    latest: dict[str, tuple[Call, int]] = {}
    for found in rows:
        name = str(getattr(found.record, "call", "")) or _under_way(console, found.record)
        call = get_call(console.ledger.connection, name)
        if call is not None:
            call = _whole(console, session, call)
            latest.pop(call.id, None)
            latest[call.id] = call, found.id
    messages = [
        _message(console, call, number, language, session) for call, number in latest.values() if console.sees(session, call)
    ]
    return (rows[-1].id if rows else row), messages


def _under_way(console: Console, record: Record) -> str:
    """The call that somebody wants to listen in on, or may now; "" where it is over."""
    call = register.call_of(console.ledger.connection, record.subject)
    return call.id if call is not None and call.ended_at is None else ""


def _whole(console: Console, session: Session, call: Call) -> Call:
    """The talk of which this call is a leg, where they may see that: it has one card."""
    main = get_call(console.ledger.connection, call.main) if call.main else None
    return main if main is not None and console.sees(session, main) else call


def _folded(console: Console, session: Session, calls: list[Call]) -> list[Call]:
    return [call for call in calls if _whole(console, session, call) is call]


def _message(console: Console, call: Call, row: int, language: str, session: Session) -> str:
    card = console.card(call)
    to_do = card.state == "ended" and desk.is_to_do(console.ledger.connection, call.id, _missed_since(console))
    html = console.card_html(language, call, session, to_do=to_do)
    home = "waiting" if to_do else "recent" if card.state == "ended" else "open"
    data = json.dumps(
        {
            "call": card.call,
            "legs": [leg.id for leg in legs(console.ledger.connection, call.id)],
            "state": card.state,
            "home": home,
            "title": card.title,
            "line": card.line,
            "mark": card.mark,
            "html": html,
        }
    )
    return f"id: {row}\nevent: card\ndata: {data}\n\n"


def _missed_since(console: Console) -> int:
    return console.clock.now() - console.box.config.popup.missed_days * _DAY


def _select(console: Console, where: str, *values: int | str) -> list[Call]:
    return [read_call(row) for row in console.ledger.connection.execute(*select_calls(where, values))]
