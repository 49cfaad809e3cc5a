"""Who may use the API: the token behind a request and the right behind a route. No cookie opens anything here (RFC 6750 §2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from appliance.calls import Call, Recording
from appliance.lookup import get_call, get_recording
from appliance.web.accounts import Session
from appliance.web.allowance import Allowance
from appliance.web.api.problems import ProblemError
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import console_of
from appliance.web.tokens import RestingError, Tokens, digest

SCHEME = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="`Authorization: Bearer apl_…`; made on the page Users or by the command line.",
)
_ASK = {"WWW-Authenticate": "Bearer"}


def bearer(right: Right) -> Callable[..., Session]:
    """A dependency: who bears the token, if it has this right."""

    def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)]) -> Session:
        console = console_of(request)
        address = request.client.host if request.client else "?"
        session = _session(console, given.credentials if given else "", address)
        allowance: Allowance = request.app.state.allowance
        who = digest(given.credentials).hex() if session and given else f"address {address}"
        if wait := allowance.take(who, console.clock.now()):
            raise ProblemError(429, f"too many requests; wait {wait} s", {"Retry-After": str(wait)})
        if session is None:
            raise ProblemError(401, "send a token that has not ended: Authorization: Bearer apl_…", _ASK)
        if right not in session.role.rights:
            raise ProblemError(403, f"this token does not have the right {right.value}; make one that has it")
        return session

    check.right = right  # type: ignore[attr-defined]
    return check


def _session(console: Console, secret: str, address: str) -> Session | None:
    if not secret:
        return None
    try:
        return Tokens(console.ledger, console.clock.now).session(secret, address)
    except RestingError as error:
        raise ProblemError(403, "whoever made this token has not all of its rights now; make a new one") from error


def seen_call(console: Console, session: Session, call: str) -> Call:
    """The call, if it is on a line of theirs. Raises ProblemError."""
    found = get_call(console.ledger.connection, call)
    if found is None or not console.sees(session, found):
        raise ProblemError(404, "there is no such call, or it is not on a line of this token")
    return found


def kept_recording(console: Console, session: Session, call: str) -> Recording:
    """The recording of a call on a line of theirs. Raises ProblemError."""
    found = get_recording(console.ledger.connection, seen_call(console, session, call).id)
    if found is None or found.erased_at is not None:
        raise ProblemError(404, "this call has no recording")
    return found
