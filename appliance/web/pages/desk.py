"""What an operator does with a card: "I took it", a memo, a call back that is needed or done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from appliance import doorbell
from appliance.ids import is_id
from appliance.lookup import get_call
from appliance.popups import desk
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of, local_path

router = APIRouter()
Operator = Annotated[Session, Depends(allowed(Right.POPUP))]
Csrf = Annotated[str, Form(max_length=100)]
Next = Annotated[str, Form(max_length=2000)]


@router.post("/calls/{call}/take")
def take(request: Request, session: Operator, call: str, csrf: Csrf = "", next: Next = "/live") -> Response:
    """This call is mine."""
    console = _checked(request, session, call, csrf)
    desk.take(console.ledger, call, session.account, console.clock.now())
    return _done(console, next)


@router.post("/calls/{call}/note")
def note(
    request: Request,
    session: Operator,
    call: str,
    memo: Annotated[str | None, Form(max_length=20_000)] = None,
    follow_up: Annotated[str, Form(max_length=10)] = "",
    csrf: Csrf = "",
    next: Next = "/live",
) -> Response:
    """Keep a memo, and whether somebody has to call back."""
    console = _checked(request, session, call, csrf)
    desk.write(console.ledger, call, session.account, memo, follow_up, console.clock.now())
    return _done(console, next)


def _checked(request: Request, session: Session, call: str, csrf: str) -> Console:
    check_form(session, csrf)
    console = console_of(request)
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if found is None or not console.sees(session, found):
        raise HTTPException(404)
    return console


def _done(console: Console, following: str) -> Response:
    doorbell.ring(console.box.folders.run)
    return RedirectResponse(local_path(following), 303)
