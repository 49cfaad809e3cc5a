"""The first sign-in of a new box: with the code on its label somebody becomes the administrator, and the code ends.

It is there only as long as nobody has an account and a label was printed. Wrong codes are throttled as wrong passwords are.
"""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance import first_code
from appliance.web.accounts import ThrottledError, WeakPasswordError, is_strong
from appliance.web.console import Console
from appliance.web.pages.sign_in import with_cookie
from appliance.web.people import is_name
from appliance.web.rights import ADMINISTRATOR
from appliance.web.security import console_of

router = APIRouter()
Word = Annotated[str, Form(max_length=1000)]
_one_at_a_time = threading.Lock()


def awaited(console: Console) -> bool:
    """Whether the box waits for its first administrator."""
    nobody = not console.ledger.connection.execute("SELECT count(*) FROM account").fetchone()[0]
    return nobody and first_code.exists(console.box.folders)


@router.get("/first")
def page(request: Request) -> Response:
    """The form."""
    console = console_of(request)
    if not awaited(console):
        return RedirectResponse("/sign-in", 303)
    return console.page(request, "first.html", None, error="", name="", wait=0)


@router.post("/first")
def begin(request: Request, code: Word = "", name: Word = "", new: Word = "", again: Word = "") -> Response:
    """Check the code; its bearer becomes the administrator and is signed in."""
    console = console_of(request)
    address = request.client.host if request.client else "?"
    name = name.encode("utf-8", "replace").decode("utf-8").strip()
    with _one_at_a_time:
        if not awaited(console):
            return RedirectResponse("/sign-in", 303)
        try:
            console.accounts.check_tries("label", address)
        except ThrottledError as error:
            return console.page(request, "first.html", None, 429, error="throttled", name=name, wait=error.seconds)
        if not first_code.matches(console.box.folders, code):
            console.accounts.count_failure("label", address)
            return console.page(request, "first.html", None, 401, error="wrong", name=name, wait=0)
        wrong = "name" if not is_name(name) else "differ" if new != again else "" if is_strong(name, new) else "weak"
        if wrong:
            return console.page(request, "first.html", None, 409, error=wrong, name=name, wait=0)
        return with_cookie(request, RedirectResponse("/setup", 303), _become(request, console, name, new, address))


def _become(request: Request, console: Console, name: str, password: str, address: str) -> str:
    """Make the account with this password, end the code; the new session's token. Raises WeakPasswordError."""
    accounts = console.accounts
    once = accounts.one_time_password(name, ADMINISTRATOR, "the label's code")
    token = accounts.sign_in(name, once, address, request.headers.get("user-agent", ""))
    session = accounts.session(token)
    if session is None:
        raise WeakPasswordError
    accounts.choose_password(session, token, "", password)
    first_code.end(console.box.folders)
    return token
