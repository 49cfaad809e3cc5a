"""The first sign-in to a box, with the code on its label: it makes the first administrator, and then this page is no more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance import first_code
from appliance.web.accounts import MIN_LENGTH, ThrottledError, WeakPasswordError, WrongPasswordError
from appliance.web.pages.sign_in import with_cookie
from appliance.web.people import is_name
from appliance.web.security import console_of

router = APIRouter()
AFTERWARDS = "/"


@router.get("/first")
def form(request: Request) -> Response:
    """The form, or where no code was made what to do."""
    return _again(request, 200, "") if _is_first(request) else RedirectResponse("/sign-in", 303)


@router.post("/first")
def begin(
    request: Request,
    code: Annotated[str, Form(max_length=100)] = "",
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Make the first administrator; a session begins."""
    if not _is_first(request):
        return RedirectResponse("/sign-in", 303)
    console, name = console_of(request), name.strip()
    address = request.client.host if request.client else "?"
    if not is_name(name):
        return _again(request, 422, "name")
    try:
        token = console.accounts.begin_with_code(code, name, password, address, request.headers.get("user-agent", ""))
    except ThrottledError as error:
        return _again(request, 429, "throttled", name, error.seconds)
    except WrongPasswordError:
        return _again(request, 401, "wrong", name)
    except WeakPasswordError:
        return _again(request, 422, "weak", name)
    return with_cookie(request, RedirectResponse(AFTERWARDS, 303), token)


def _is_first(request: Request) -> bool:
    return first_code.is_first(console_of(request).ledger.connection)


def _again(request: Request, status: int, error: str, name: str = "", wait: int = 0) -> Response:
    console = console_of(request)
    made = bool(first_code.stored(console.ledger.connection))
    return console.page(
        request, "first.html", None, status, error=error, name=name, wait=wait, made=made, min_length=MIN_LENGTH
    )  # fmt: skip
