"""One's own account: the password, the second factor, and where one is signed in."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance.web.accounts import MIN_LENGTH, Session, WeakPasswordError, WrongPasswordError
from appliance.web.passkeys import Passkeys, box_of
from appliance.web.rights import Right
from appliance.web.second_factor import NoCodeError, address_of, new_secret
from appliance.web.security import allowed, check_form, console_of, local_path, token_of

router = APIRouter()
Own = Annotated[Session, Depends(allowed(Right.OWN_ACCOUNT))]
Secret = Annotated[str, Form(max_length=1000)]


@router.get("/account")
def form(request: Request, session: Own, next: str = "/") -> Response:
    """The page."""
    return _page(request, session, next=next)


@router.post("/account")
def choose(
    request: Request,
    session: Own,
    new: Secret = "",
    again: Secret = "",
    old: Secret = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Set a lasting password."""
    check_form(session, csrf)
    console = console_of(request)
    error = ""
    if new != again:
        error = "differ"
    else:
        try:
            console.accounts.choose_password(session, token_of(request), old, new)
        except WrongPasswordError:
            error = "wrong"
        except WeakPasswordError:
            error = "weak"
    if error:
        return _page(request, session, 422, next=next, error=error)
    return RedirectResponse(local_path(next), 303)


@router.post("/account/second-factor")
def second_factor(
    request: Request,
    session: Own,
    do: Annotated[str, Form(max_length=10)] = "",
    secret: Annotated[str, Form(max_length=64, pattern="^[A-Z2-7]*$")] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    old: Secret = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Show a new secret, switch the second factor on with a code of it, or switch it off; the password is asked for again."""
    check_form(session, csrf)
    accounts = console_of(request).accounts
    if do == "begin":
        return _page(request, session, secret=new_secret())
    if not accounts.is_password(session.account, old):
        return _page(request, session, 422, error="wrong", secret=secret if do == "on" else "")
    try:
        accounts.set_totp(session.account, secret if do == "on" else "", code, session.account)
    except NoCodeError:
        return _page(request, session, 422, error="code", secret=secret)
    return RedirectResponse("/account", 303)


@router.post("/account/sessions")
def end(
    request: Request, session: Own, visit: Annotated[str, Form(max_length=64)] = "", csrf: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """End one of one's own sessions, or all of them."""
    check_form(session, csrf)
    console_of(request).people.end(session.account, visit, session.account)
    return RedirectResponse("/account", 303)


def _page(request: Request, session: Session, status: int = 200, next: str = "/", error: str = "", secret: str = "") -> Response:
    console = console_of(request)
    return console.page(
        request, "account.html", session, status, next=local_path(next), error=error, least=MIN_LENGTH, secret=secret,
        secret_address=address_of(secret, session.account, console.box.config.site.name) if secret else "",
        has_totp=console.accounts.has_totp(session.account),
        passkeys=Passkeys(console.ledger, console.clock.now).of(session.account), named=box_of(request),
        visits=console.people.sessions(session.account),
        own=hashlib.sha256(token_of(request).encode("utf-8", "surrogatepass")).hexdigest()[:16],
    )  # fmt: skip
