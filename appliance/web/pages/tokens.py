"""Tokens of the API: made for other programs, shown once, listed with their last use, ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from appliance.errors import SaidError
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right, Role, rights_from
from appliance.web.security import allowed, check_form, console_of
from appliance.web.tokens import LONGEST_DAYS, OFFERED, Tokens
from appliance.words import N_

router = APIRouter()
Keeper = Annotated[Session, Depends(allowed(Right.USERS))]
Csrf = Annotated[str, Form(max_length=100)]
Word = Annotated[str, Form(max_length=200)]
Words = Annotated[list[str] | None, Form()]


@router.get("/users/tokens")
def listing(request: Request, session: Keeper) -> Response:
    """Every token, and a form for another."""
    return _page(request, session)


@router.post("/users/tokens")
def make(
    request: Request,
    session: Keeper,
    name: Word = "",
    rights: Words = None,
    lines: Words = None,
    groups: Words = None,
    days: Annotated[int, Form(ge=0, le=100_000)] = 365,
    csrf: Csrf = "",
) -> Response:
    """A new token, which is shown on this answer only."""
    check_form(session, csrf)
    console = console_of(request)
    role = Role(id="", name=name, rights=rights_from(rights or ()), lines=tuple(lines or ()), groups=tuple(groups or ()))
    if not session.role.may_give(role):
        raise SaidError(N_("A token can be given only rights and lines that you have yourself."))
    secret = _tokens(console).make(name.strip(), role, days, session.account, session.account)
    return _page(request, session, secret)


@router.post("/users/tokens/{token}")
def end(request: Request, session: Keeper, token: str, csrf: Csrf = "") -> Response:
    """End it: whoever bears it is refused from now on. Everybody who looks after accounts may, whatever the token could do."""
    check_form(session, csrf)
    if not _tokens(console_of(request)).end(token, session.account):
        raise HTTPException(404)
    return RedirectResponse("/users/tokens", 303)


def _tokens(console: Console) -> Tokens:
    return Tokens(console.ledger, console.clock.now)


def _page(request: Request, session: Session, secret: str = "") -> Response:
    console = console_of(request)
    config = console.box.config
    return console.page(
        request, "tokens.html", session, tokens=_tokens(console).all(), secret=secret, now=console.clock.now(), longest=LONGEST_DAYS,
        rights=[right for right in OFFERED if right in session.role.rights], lines=config.lines,
        groups=sorted({line.group for line in config.lines if line.group}),
    )  # fmt: skip
