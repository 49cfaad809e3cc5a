"""The list of calls, one call, and its audio."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from appliance.calls import Call, Recording
from appliance.ids import is_id
from appliance.ledger import append
from appliance.library import playback, register
from appliance.library.search import find
from appliance.lookup import get_call, get_recording, is_paused, labels_of, legs
from appliance.moments import SECOND
from appliance.popups.cards import other_party
from appliance.popups.desk import note_of
from appliance.records import CallRinging, Exported, Listened, RecordingPaused, RecordingResumed
from appliance.web import labels, sound
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.pages import searching
from appliance.web.rights import Right
from appliance.web.security import allowed, console_of

router = APIRouter()
Searcher = Annotated[Session, Depends(allowed(Right.SEARCH))]
Listener = Annotated[Session, Depends(allowed(Right.LISTEN))]
Taker = Annotated[Session, Depends(allowed(Right.DOWNLOAD))]
ONE_LISTENING = 600 * SECOND
"""Ranges that one person asks for within ten minutes are one listening."""


@router.get("/calls")
def listing(
    request: Request,
    session: Searcher,
    asked: Annotated[searching.Asked, Depends()],
    before: str = "",
) -> Response:
    """Calls, newest first, with search."""
    console = console_of(request)
    page = find(console.ledger.connection, replace(searching.query_of(console, session, asked), before=cursor(before)))
    connection = console.ledger.connection
    recordings = {call.id: get_recording(connection, call.id) for call in page.calls if call.recording}
    notes = {call.id: note_of(connection, call.id) for call in page.calls}
    people = {number: console.book.behind(number) for number in {other_party(call)[0] for call in page.calls}}
    chosen = asked.chosen()
    following = urlencode({**chosen, "before": f"{page.next[0]}.{page.next[1]}"}) if page.next else ""
    return console.page(
        request, "calls.html", session, calls=page.calls, recordings=recordings, notes=notes, people=people, given=asked,
        searching=bool(chosen), following=following, later=bool(before), directions=labels.DIRECTION, reasons=labels.REASON,
        back=urlencode(chosen), lines=[line for line in console.box.config.lines if searching.may_see(console, session, line.number)],
        saved=searching.saved(console, session), known_labels=searching.known_labels(connection), takers=searching.takers(connection),
    )  # fmt: skip


@router.get("/calls/{call}")
def one(request: Request, session: Searcher, call: str) -> Response:
    """One call with its player and its facts."""
    console = console_of(request)
    found = _call(console, session, call)
    recording = get_recording(console.ledger.connection, call) if found.recording else None
    ringing = next((row.record for row in console.ledger.of(call) if isinstance(row.record, CallRinging)), None)
    heard = _listenings(console, recording)
    return console.page(
        request, "call.html", session, call=found, recording=recording, headers=ringing.headers if ringing else (), heard=heard,
        legs=[leg for leg in legs(console.ledger.connection, found.id) if console.sees(session, leg)],
        paused=is_paused(console.ledger.connection, call),
        access=_access(console, session, found.recording),
        note=note_of(console.ledger.connection, call),
        people=console.book.behind(other_party(found)[0]),
        borne=labels_of(console.ledger.connection, found.recording) if found.recording else [],
        known_labels=searching.known_labels(console.ledger.connection),
        pauses=[row.record for row in console.ledger.of(call) if isinstance(row.record, (RecordingPaused, RecordingResumed))],
    )  # fmt: skip


@router.get("/calls/{call}/waveform")
def waveform(request: Request, session: Listener, call: str) -> Response:
    """The outline of the recording: base64 peaks, one byte a point, channel by channel."""
    console = console_of(request)
    _check_access(console, session, call, register.LISTEN)
    return JSONResponse(playback.waveform(console.box, _recording(console, session, call), console.identities))


@router.api_route("/calls/{call}/audio", methods=["GET", "HEAD"])
def audio(request: Request, session: Listener, call: str) -> Response:
    """The recording's sound, whole or a range of it."""
    console = console_of(request)
    recording = _recording(console, session, call)
    _check_access(console, session, call, register.LISTEN)
    response = sound.stream(request, console, recording)
    if request.method == "GET" and response.status_code in (200, 206):
        _note_listening(console, session, recording)
    return response


@router.get("/calls/{call}/download")
def download(request: Request, session: Taker, call: str) -> Response:
    """The recording as a file to take away, which is entered in the register."""
    console = console_of(request)
    return sound.take(request, console, session, _recording(console, session, call))


def _check_access(console: Console, session: Session, call: str, what: str) -> None:
    """Raises NotApprovedError where the site demands an approval."""
    recording = _recording(console, session, call).facts.recording
    register.check(console.ledger, console.box.config, recording, session.account, what, console.clock.now())


def _access(console: Console, session: Session, recording: str | None) -> dict[str, str]:
    """For hearing and copying: `free`, `granted`, `asked`, or "" where one would have to ask."""
    if recording is None:
        return {}
    now, config = console.clock.now(), console.box.config
    return {
        what: register.access(console.ledger, config, recording, session.account, what, now)
        for what in (register.LISTEN, register.COPY)
    }


def _note_listening(console: Console, session: Session, recording: Recording) -> None:
    entry = Listened(at=console.clock.now(), recording=recording.facts.recording, who=session.account, where="console")
    if _heard_lately(console, entry):
        return
    with console.ledger.transaction() as connection:  # parts that are asked for at the same time are one listening too
        if not _heard_lately(console, entry):
            append(connection, [entry])


def _heard_lately(console: Console, entry: Listened) -> bool:
    records = [row.record for row in console.ledger.of(entry.recording)]
    last = [
        record.at for record in records if isinstance(record, Listened) and (record.who, record.where) == (entry.who, entry.where)
    ][-1:]
    return any(abs(entry.at - at) <= ONE_LISTENING for at in last)


def _listenings(console: Console, recording: Recording | None) -> list[Any]:
    if recording is None:
        return []
    rows = console.ledger.of(recording.facts.recording)
    return [row.record for row in rows if isinstance(row.record, (Listened, Exported))][-20:]


def _call(console: Console, session: Session, call: str) -> Call:
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if found is None or not console.sees(session, found):
        raise HTTPException(404)
    return found


def _recording(console: Console, session: Session, call: str) -> Recording:
    found = get_recording(console.ledger.connection, _call(console, session, call).id)
    if found is None:
        raise HTTPException(404)
    return found


def cursor(text: str) -> tuple[int, str] | None:
    """Where a page of calls begins, as the page before it said; None where this is no such place."""
    moment, _, call = text.partition(".")
    return (int(moment), call) if moment.isdecimal() and len(moment) < 20 and is_id(call) else None
