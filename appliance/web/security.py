"""Who may do what: the session behind a request, the right behind a route, and headers that leave no door ajar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.web.accounts import Session, csrf_holds
from appliance.web.api.problems import problem
from appliance.web.console import Console
from appliance.web.rights import Right

COOKIE = "appliance_session"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
MOST_BYTES, MOST_FILE_BYTES = 1_000_000, 64_000_000
"""What one request may carry: a form or a text, which is read into memory before anybody asks who sent it; a form with a file."""
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class SignInNeededError(Exception):
    """The page is for people who are signed in."""


class NotAllowedError(Exception):
    """Their role does not have this right."""

    def __init__(self, right: Right) -> None:
        super().__init__(f"this needs the right {right.value}")
        self.right = right


def console_of(request: Request) -> Console:
    """The running console."""
    console: Console = request.app.state.console
    return console


def token_of(request: Request) -> str:
    """The session's token, "" where there is none."""
    return request.cookies.get(COOKIE, "")


def session_of(request: Request) -> Session | None:
    """Who is signed in."""
    token = token_of(request)
    return console_of(request).accounts.session(token) if token else None


def allowed(right: Right) -> Callable[[Request], Session]:
    """A dependency: the session, if its role has this right."""

    def check(request: Request) -> Session:
        session = session_of(request)
        if session is None:
            raise SignInNeededError
        if right not in session.role.rights:
            raise NotAllowedError(right)
        return session

    check.right = right  # type: ignore[attr-defined]
    return check


def check_form(session: Session, given: str) -> None:
    """Refuse a form that is not ours."""
    if not csrf_holds(session, given):
        raise HTTPException(403)


def sign_in_address(request: Request) -> str:
    """The sign-in page, which leads back to where one wanted to go."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"


def local_path(given: str) -> str:
    """A path on this console, whatever was given: no other host, no scheme, no backslash."""
    ours = given.startswith("/") and not given.startswith("//") and "\\" not in given and given.isprintable()
    return given if ours else "/"


class Guard:
    """ASGI middleware: no foreign page may send us anything, and every answer carries the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not request.url.path.startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if request.method in _UNSAFE and _is_foreign(request):
            said = "The request came from another site."
            refusal = problem(403, said) if request.url.path.startswith("/api/") else PlainTextResponse(said, 403)
            await refusal(scope, receive, send_guarded)
        else:
            await self._app(scope, _bounded(request, receive), send_guarded)


def _bounded(request: Request, receive: Receive) -> Receive:
    """Reading goes on until the body is too large, by its own word or in truth (RFC 9110 §15.5.14)."""
    most = MOST_FILE_BYTES if request.headers.get("content-type", "").startswith("multipart/") else MOST_BYTES
    told = request.headers.get("content-length", "")
    read = int(told) if told.isascii() and told.isdecimal() and int(told) > most else 0

    async def receive_bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    return receive_bounded


def _is_foreign(request: Request) -> bool:
    """By Fetch metadata, else by Origin; browsers send one of them with every form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != request.headers.get("host", "")
    except ValueError:  # no browser writes such an origin
        return True


def rights_of(route: Any) -> set[Right]:
    """The rights that a route's dependencies name; for the test that every route has one."""
    dependant = getattr(route, "dependant", None)
    found = [getattr(item.call, "right", None) for item in dependant.dependencies] if dependant else []
    return {right for right in found if right is not None}
