"""Signing in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance import first_code
from appliance.web.accounts import Session, ThrottledError, WrongPasswordError
from appliance.web.passkeys import box_of
from appliance.web.rights import Right
from appliance.web.security import COOKIE, allowed, check_form, console_of, local_path, session_of, token_of

router = APIRouter()


BEGINNINGS = (
    ("search", "/calls"),
    ("popup", "/live"),
    ("customers", "/customers"),
    ("health", "/health"),
    ("audit", "/register"),
    ("approve", "/requests"),
    ("users", "/users"),
    ("settings", "/setup"),
)
"""Where the console begins, by the first right that one has."""


@router.get("/")
def home(request: Request) -> Response:
    """The first page that one may see."""
    session = session_of(request)
    if session is None:
        return RedirectResponse("/calls", 303)
    return RedirectResponse(next((path for right, path in BEGINNINGS if session.may(right)), "/account"), 303)


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> Response:
    """The form; of a box that nobody has signed in to, the one for the code on its label."""
    if first_code.is_first(console_of(request).ledger.connection):
        return RedirectResponse("/first", 303)
    if session_of(request) is not None:
        return RedirectResponse(local_path(next), 303)
    return console_of(request).page(
        request, "sign_in.html", None, next=local_path(next), error="", name="", wait=0, named=box_of(request)
    )


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
    values = {"next": local_path(next), "name": name, "named": box_of(request)}
    try:
        token = console.accounts.sign_in(name, password, address, request.headers.get("user-agent", ""))
    except ThrottledError as error:
        return console.page(request, "sign_in.html", None, 429, error="throttled", wait=error.seconds, **values)
    except WrongPasswordError:
        return console.page(request, "sign_in.html", None, 401, error="wrong", wait=0, **values)
    if console.accounts.pending(token):
        return with_cookie(request, RedirectResponse(f"/sign-in/code?next={quote(local_path(next), safe='')}", 303), token)
    session = console.accounts.session(token)
    target = local_path(next)
    if session is not None and session.must_choose:
        target = f"/account?next={quote(target, safe='')}"
    return with_cookie(request, RedirectResponse(target, 303), token)


@router.get("/sign-in/code")
def code_form(request: Request, next: str = "/") -> Response:
    """The form for the second factor."""
    if not console_of(request).accounts.pending(token_of(request)):
        return RedirectResponse("/sign-in", 303)
    return console_of(request).page(request, "code.html", None, next=local_path(next), error="", wait=0)


@router.post("/sign-in/code")
def give_code(
    request: Request, code: Annotated[str, Form(max_length=20)] = "", next: Annotated[str, Form(max_length=2000)] = "/"
) -> Response:
    """Check the second factor; the session opens, under a new token."""
    console = console_of(request)
    address = request.client.host if request.client else "?"
    values = {"next": local_path(next)}
    if not console.accounts.pending(token_of(request)):
        return RedirectResponse("/sign-in", 303)
    try:
        token = console.accounts.confirm(token_of(request), code, address)
    except ThrottledError as error:
        return console.page(request, "code.html", None, 429, error="throttled", wait=error.seconds, **values)
    except WrongPasswordError:
        return console.page(request, "code.html", None, 401, error="wrong", wait=0, **values)
    return with_cookie(request, RedirectResponse(local_path(next), 303), token)


def with_cookie(request: Request, response: Response, token: str) -> Response:
    """The answer with which a session begins."""
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
