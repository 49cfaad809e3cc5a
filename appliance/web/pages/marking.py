"""What is written beside a recording: labels, marks at a time with a note, a hold for a case, and the entry of an excerpt.

An excerpt is made by the player from what it hears, with a name of its own: the recording stays as it is.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from appliance import doorbell, erasure
from appliance.calls import Recording
from appliance.customers.names import tidy
from appliance.errors import SaidError
from appliance.ids import is_id
from appliance.library import marks as written
from appliance.library import register
from appliance.library.keeping import is_label
from appliance.lookup import get_call, get_recording
from appliance.records import Exported, RecordingLabelled
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Listener = Annotated[Session, Depends(allowed(Right.LISTEN))]
Taker = Annotated[Session, Depends(allowed(Right.DOWNLOAD))]
Marker = Annotated[Session, Depends(allowed(Right.LABEL))]
Holder = Annotated[Session, Depends(allowed(Right.HOLD))]
Csrf = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=1000)]
HARASSMENT = "カスハラ"
"""The label of what is kept as evidence of harassment by customers (an employer's duty since October 2026)."""


@router.post("/calls/{call}/label")
def label(request: Request, session: Marker, call: str, label: Text = "", do: Text = "put", csrf: Csrf = "") -> Response:
    """Put a label on, or take it off."""
    console, recording = _checked(request, session, call, csrf)
    word = label.strip()
    if not is_label(word):
        raise SaidError(N_("%(label)s is no label; use letters, digits, - and _, at most 40."), label=word)
    now = console.clock.now()
    console.ledger.append(
        RecordingLabelled(at=now, recording=recording.facts.recording, label=word, labelled=do != "take", who=session.account)
    )
    return RedirectResponse(f"/calls/{call}", 303)


@router.post("/calls/{call}/hold")
def hold(request: Request, session: Holder, call: str, why: Text = "", do: Text = "hold", csrf: Csrf = "") -> Response:
    """Keep it for a case, end that, or keep it as evidence of harassment with one press."""
    console, recording = _checked(request, session, call, csrf)
    reason = tidy(why, 300) or (HARASSMENT if do == "harassment" else "")
    if not reason:
        raise SaidError(N_("Say for which case."))
    now = console.clock.now()
    erasure.hold(console.ledger, [recording], session.account, reason, now, held=do != "release")
    if do == "harassment":
        name = recording.facts.recording
        console.ledger.append(RecordingLabelled(at=now, recording=name, label=HARASSMENT, labelled=True, who=session.account))
    doorbell.ring(console.box.folders.run)
    return RedirectResponse(f"/calls/{call}", 303)


@router.get("/calls/{call}/marks")
def marks(request: Request, session: Listener, call: str) -> Response:
    """The marks of this recording, in order."""
    console, recording = _found(request, session, call)
    return JSONResponse([mark._asdict() for mark in written.marks_of(console.ledger.connection, recording.facts.recording)])


@router.post("/calls/{call}/marks")
def mark(
    request: Request,
    session: Marker,
    call: str,
    seconds: Annotated[float, Form(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0,
    note: Text = "",
    remove: Annotated[str, Form(max_length=40)] = "",
    csrf: Csrf = "",
) -> Response:
    """Set a mark at this second, or take one away."""
    console, recording = _checked(request, session, call, csrf)
    now = console.clock.now()
    if remove:
        written.remove(console.ledger, recording, remove, session.account, now)
    else:
        written.put(console.ledger, recording, seconds, note, session.account, now)
    return RedirectResponse(f"/calls/{call}", 303)


@router.post("/calls/{call}/excerpt")
def excerpt(
    request: Request,
    session: Taker,
    call: str,
    begin: Annotated[float, Form(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0,
    end: Annotated[float, Form(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0,
    csrf: Csrf = "",
) -> Response:
    """Enter in the register that a part was taken away, before the player makes it; the answer names the file."""
    console, recording = _checked(request, session, call, csrf)
    if not begin < end <= recording.facts.seconds + 1:
        raise HTTPException(422)
    name = recording.facts.recording
    register.check(console.ledger, console.box.config, name, session.account, register.COPY, console.clock.now())
    part = f"excerpt {begin:.1f}-{end:.1f} s"
    console.ledger.append(Exported(at=console.clock.now(), recording=name, who=session.account, what=part))
    return JSONResponse({"name": f"{name}-excerpt-{begin:.0f}-{end:.0f}.wav"})


def _found(request: Request, session: Session, call: str) -> tuple[Console, Recording]:
    console = console_of(request)
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if found is None or not console.sees(session, found):
        raise HTTPException(404)
    recording = get_recording(console.ledger.connection, found.id)
    if recording is None or recording.erased_at is not None:
        raise HTTPException(404)
    return console, recording


def _checked(request: Request, session: Session, call: str, csrf: str) -> tuple[Console, Recording]:
    check_form(session, csrf)
    return _found(request, session, call)
