"""The register: requests that wait for somebody's word, and who heard, took or changed what, read only, as a page and as a file; and the
completeness of the recordings by day."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from appliance.customers.sheets import write
from appliance.ids import CallId, is_id, recording_id
from appliance.ledger import Ledger
from appliance.library import completeness, register
from appliance.lookup import get_call, get_recording
from appliance.moments import SECOND, isoformat
from appliance.records import Exported
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.pages.searching import day_of
from appliance.web.rights import Right
from appliance.web.security import NotAllowedError, allowed, check_form, console_of

router = APIRouter()
Auditor = Annotated[Session, Depends(allowed(Right.AUDIT))]
Approver = Annotated[Session, Depends(allowed(Right.APPROVE))]
Listener = Annotated[Session, Depends(allowed(Right.SEARCH))]
Viewer = Annotated[Session, Depends(allowed(Right.HEALTH))]
Csrf = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=1000)]
DAYS = 31
_DAY = 24 * 3600 * SECOND
HEAD = ("at", "who", "what", "about", "details")


@router.get("/register")
def page(
    request: Request, session: Auditor, who: str = "", kind: str = "", begin: str = "", end: str = "", before: int = 0
) -> Response:
    """Who heard, took and changed what."""
    console = console_of(request)
    found = _seen(console, session, who[:100], kind, begin, end, max(0, min(before, 2**62)))
    shown = list(islice(found, register.PAGE + 1))
    chosen = {name: value for name, value in {"who": who, "kind": kind, "begin": begin, "end": end}.items() if value}
    more = urlencode({**chosen, "before": shown[register.PAGE - 1].row}) if len(shown) > register.PAGE else ""
    return console.page(
        request, "register.html", session, entries=shown[: register.PAGE], more=more, query=urlencode(chosen), kinds=register.KINDS,
        given={"who": who, "kind": kind, "begin": begin, "end": end}, people=register.people(console.ledger.connection),
    )  # fmt: skip


@router.get("/register.csv")
def export(request: Request, session: Auditor, who: str = "", kind: str = "", begin: str = "", end: str = "") -> Response:
    """The same as a file, which is an entry too."""
    console = console_of(request)
    console.ledger.append(Exported(at=console.clock.now(), recording="register", who=session.account, what="register csv"))
    zone = console.box.config.site.zone

    def pieces() -> Iterator[bytes]:
        with Ledger.open(console.box.folders.ledger) as ledger:
            found = _seen(console, session, who[:100], kind, begin, end, 0, ledger)
            rows = ((isoformat(entry.record.at, zone), entry.who, entry.kind, entry.thing, _details(entry)) for entry in found)
            for piece in write(HEAD, rows):
                yield piece.encode("utf-8", "replace")

    headers = {"Content-Disposition": 'attachment; filename="register.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/requests")
def requests(request: Request, session: Approver) -> Response:
    """What waits for somebody's word."""
    console = console_of(request)
    found = []
    for asked in register.waiting(console.ledger.connection):
        call = register.call_of(console.ledger.connection, asked.recording)
        if call is not None and console.sees(session, call):
            found.append((asked, call))
    return console.page(request, "requests.html", session, waiting=found)


@router.post("/requests/{word}")
def decide(request: Request, session: Approver, word: str, call: Text = "", do: Text = "", csrf: Csrf = "") -> Response:
    """Allow it, or do not."""
    check_form(session, csrf)
    console = console_of(request)
    recording = _recording(console, session, call)
    config, now = console.box.config, console.clock.now()
    register.decide(console.ledger, config, recording, word, session.account, now, granted=do == "allow")
    return RedirectResponse("/requests", 303)


@router.post("/calls/{call}/ask")
def ask(request: Request, session: Listener, call: str, what: Text = register.LISTEN, why: Text = "", csrf: Csrf = "") -> Response:
    """Ask to hear a recording, or to take a copy."""
    check_form(session, csrf)
    console = console_of(request)
    register.ask(console.ledger, _recording(console, session, call), session.account, what, why, console.clock.now())
    return RedirectResponse(f"/calls/{call}", 303)


@router.get("/completeness")
def whole(request: Request, session: Viewer, begin: str = "", end: str = "") -> Response:
    """Calls seen against calls recorded and stored, by day; every gap with its reason."""
    console = console_of(request)
    if console.scope(session) is not None:  # it counts every line
        raise NotAllowedError(Right.HEALTH)
    now = console.clock.now()
    first = day_of(console, begin) or now - DAYS * _DAY
    found = completeness.report(console.box, console.ledger, first, day_of(console, end, following=True), now)
    return console.page(
        request, "completeness.html", session, report=found, given={"begin": begin, "end": end}, parts=completeness.PARTS
    )


def _seen(
    console: Console, session: Session, who: str, kind: str, begin: str, end: str, before: int, ledger: Ledger | None = None
) -> Iterator[register.Entry]:
    """The entries that they may see: of a limited role, those about recordings and calls on its lines."""
    connection = (ledger or console.ledger).connection
    since, until = day_of(console, begin) or 0, day_of(console, end, following=True) or 0
    scope = console.scope(session)
    for entry in register.entries(connection, who=who, kind=kind, begin=since, end=until, before=before):
        if scope is not None:
            recording = get_recording(connection, entry.thing) if is_id(entry.thing) else None
            call = get_call(connection, recording.facts.call if recording else entry.thing)
            if call is None or not scope.covers(call.line):
                continue
        yield entry


def _details(entry: register.Entry) -> str:
    """What else the record says, in one line."""
    told = {name: value for name, value in entry.said.items() if name not in ("at", "who", "proof") and value not in ("", None)}
    return "; ".join(f"{name}={value}" for name, value in told.items() if str(value) != entry.thing)


def _recording(console: Console, session: Session, call: str) -> str:
    """The call's recording; of one under way, that which it will have."""
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if found is None or not console.sees(session, found):
        raise HTTPException(404)
    if found.recording is None and found.ended_at is not None:
        raise HTTPException(404)
    return found.recording or recording_id(CallId(found.id))
