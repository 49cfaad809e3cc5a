"""One's own account: choosing a password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance.web.accounts import MIN_LENGTH, Session, WeakPasswordError, WrongPasswordError
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of, local_path, token_of

router = APIRouter()
Own = Annotated[Session, Depends(allowed(Right.OWN_ACCOUNT))]


@router.get("/account")
def form(request: Request, session: Own, next: str = "/") -> Response:
    """The form."""
    return console_of(request).page(request, "account.html", session, next=local_path(next), error="", least=MIN_LENGTH)


@router.post("/account")
def choose(
    request: Request,
    session: Own,
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
    old: Annotated[str, Form(max_length=1000)] = "",
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
        return console.page(request, "account.html", session, 422, next=local_path(next), error=error, least=MIN_LENGTH)
    return RedirectResponse(local_path(next), 303)
