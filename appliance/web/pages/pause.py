"""Pausing the recording of a call under way, and letting it go on: the tap is asked, and answers once the pause is durable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from appliance import tap_control
from appliance.ids import is_id
from appliance.lookup import get_call
from appliance.web.accounts import Session
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of, local_path

router = APIRouter()
Pauser = Annotated[Session, Depends(allowed(Right.PAUSE))]


@router.post("/calls/{call}/pause")
def pause(
    request: Request,
    session: Pauser,
    call: str,
    csrf: Annotated[str, Form(max_length=100)] = "",
    why: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Record nothing of this call from now on."""
    return _command(request, session, call, csrf, why, next, paused=True)


@router.post("/calls/{call}/resume")
def resume(
    request: Request,
    session: Pauser,
    call: str,
    csrf: Annotated[str, Form(max_length=100)] = "",
    why: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Record it again."""
    return _command(request, session, call, csrf, why, next, paused=False)


def _command(request: Request, session: Session, call: str, csrf: str, why: str, following: str, *, paused: bool) -> Response:
    check_form(session, csrf)
    console = console_of(request)
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if not is_id(call) or (found is not None and not console.sees(session, found)):
        raise HTTPException(404)
    run = console.box.folders.run
    (tap_control.pause if paused else tap_control.resume)(run, call, who=session.account, why=why)
    return RedirectResponse(local_path(following) if following else f"/calls/{call}", 303)
