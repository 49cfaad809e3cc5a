"""Signing in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance.web.accounts import Session, ThrottledError, WrongPasswordError
from appliance.web.rights import Right
from appliance.web.security import COOKIE, allowed, check_form, console_of, local_path, session_of, token_of

router = APIRouter()


@router.get("/")
def home() -> Response:
    """The console begins with the calls."""
    return RedirectResponse("/calls", 303)


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> Response:
    """The form."""
    if session_of(request) is not None:
        return RedirectResponse(local_path(next), 303)
    return console_of(request).page(request, "sign_in.html", None, next=local_path(next), error="", name="", wait=0)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Check name and password; a session begins."""
    console = console_of(request)
    name = name.encode("utf-8", "replace").decode("utf-8")  # a form may claim an odd charset
    address = request.client.host if request.client else "?"
    values = {"next": local_path(next), "name": name}
    try:
        token = console.accounts.sign_in(name, password, address)
    except ThrottledError as error:
        return console.page(request, "sign_in.html", None, 429, error="throttled", wait=error.seconds, **values)
    except WrongPasswordError:
        return console.page(request, "sign_in.html", None, 401, error="wrong", wait=0, **values)
    session = console.accounts.session(token)
    target = local_path(next)
    if session is not None and session.must_choose:
        target = f"/account?next={quote(target, safe='')}"
    response = RedirectResponse(target, 303)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/")
    return response


@router.post("/sign-out")
def sign_out(
    request: Request,
    session: Annotated[Session, Depends(allowed(Right.OWN_ACCOUNT))],
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """End the session."""
    check_form(session, csrf)
    console_of(request).accounts.sign_out(token_of(request))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
