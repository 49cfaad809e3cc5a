"""Signing in with a passkey, and one's own passkeys: the browser's script asks for what is to be signed and sends what was."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from appliance.errors import SaidError
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.pages.sign_in import with_cookie
from appliance.web.passkeys import NoPasskeyError, Passkeys, Relying, as_answer, box_of
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of, local_path, token_of
from appliance.words import N_

router = APIRouter()
Own = Annotated[Session, Depends(allowed(Right.OWN_ACCOUNT))]
Csrf = Annotated[str, Form(max_length=100)]
Answer = Annotated[str, Form(max_length=20_000)]
Next = Annotated[str, Form(max_length=2000)]
ASKED = "appliance_passkey"
"""The cookie that binds a question to the browser that was asked, before there is a session."""


@router.post("/sign-in/passkey/options")
def ask(request: Request) -> Response:
    """What a passkey is to sign, so that its owner is signed in."""
    console, box = console_of(request), _box(request)
    bearer = secrets.token_urlsafe(32)
    response = Response(_passkeys(console).ask(bearer, box), media_type="application/json")
    secure = request.url.scheme == "https"
    response.set_cookie(ASKED, bearer, max_age=300, httponly=True, samesite="strict", secure=secure, path="/sign-in/passkey")
    return response


@router.post("/sign-in/passkey")
def sign_in(request: Request, answer: Answer = "", next: Next = "/") -> Response:
    """A session for whoever's passkey signed that; where it leads is said in JSON."""
    console, box = console_of(request), _box(request)
    try:
        name = _passkeys(console).owner(request.cookies.get(ASKED, ""), box, as_answer(answer))
    except NoPasskeyError as error:
        raise HTTPException(401) from error
    address = request.client.host if request.client else "?"
    token = console.accounts.begin(name, address, request.headers.get("user-agent", ""))
    session = console.accounts.session(token)
    target = local_path(next)
    if session is not None and session.must_choose:
        target = f"/account?next={quote(target, safe='')}"
    response = with_cookie(request, JSONResponse({"next": target}), token)
    response.delete_cookie(ASKED, path="/sign-in/passkey")
    return response


@router.post("/account/passkeys/options")
def offer(request: Request, session: Own, old: Annotated[str, Form(max_length=1000)] = "", csrf: Csrf = "") -> Response:
    """What a new passkey is made from; the password is asked for again."""
    check_form(session, csrf)
    console, box = console_of(request), _box(request)
    if not console.accounts.is_password(session.account, old):
        raise SaidError(N_("The present password is wrong."))
    return Response(_passkeys(console).offer(session.account, token_of(request), box), media_type="application/json")


@router.post("/account/passkeys")
def add(
    request: Request, session: Own, answer: Answer = "", name: Annotated[str, Form(max_length=200)] = "", csrf: Csrf = ""
) -> Response:
    """Keep the passkey that the browser made."""
    check_form(session, csrf)
    console, box = console_of(request), _box(request)
    try:
        _passkeys(console).add(session.account, token_of(request), box, as_answer(answer), name)
    except NoPasskeyError as error:
        raise SaidError(N_("The browser's answer is no passkey that was asked for just now; try again.")) from error
    return JSONResponse({"next": "/account"})


@router.post("/account/passkeys/{passkey}")
def remove(request: Request, session: Own, passkey: str, csrf: Csrf = "") -> Response:
    """Take one of one's own passkeys away."""
    check_form(session, csrf)
    if not _passkeys(console_of(request)).remove(session.account, passkey, session.account):
        raise HTTPException(404)
    return RedirectResponse("/account", 303)


def _passkeys(console: Console) -> Passkeys:
    return Passkeys(console.ledger, console.clock.now)


def _box(request: Request) -> Relying:
    found = box_of(request)
    if found is None:
        raise SaidError(N_("Passkeys work where the console is opened by the box's own name over https."))
    return found
