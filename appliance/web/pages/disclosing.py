"""Disclosure to a person: their calls by number, chosen, packed and fetched once; every step is entered in the register."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from appliance import doorbell
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.library import disclosure, register
from appliance.library.disclosure import Choice
from appliance.library.planning import reason
from appliance.moments import SECOND
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import NotAllowedError, allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Discloser = Annotated[Session, Depends(allowed(Right.DISCLOSE))]
Csrf = Annotated[str, Form(max_length=100)]
Word = Annotated[str, Form(max_length=2000)]
_BACK = 90 * 24 * 3600 * SECOND


@router.get("/disclosures")
def page(request: Request, session: Discloser) -> Response:
    """What was packed lately, and where one begins."""
    return _page(_whole(request, session), request, session)


@router.post("/disclosures")
def pack(
    request: Request, session: Discloser, number: Word = "", why: Word = "", do: Word = "look",
    chosen: Annotated[list[str] | None, Form(max_length=10_000)] = None, csrf: Csrf = "",
) -> Response:  # fmt: skip
    """Show the person's calls; with a choice, have them packed."""
    check_form(session, csrf)
    console = _whole(request, session)
    found = disclosure.choices(console.box, console.ledger, number)
    allowed_too = [(choice, _access(console, session, choice)) for choice in found]
    if do != "pack":
        return _page(console, request, session, found=allowed_too, number=number, why=why)
    wanted = [choice for choice, access in allowed_too if choice.call.id in set(chosen or ()) and access in ("free", "granted")]
    disclosure.ask(console.ledger, wanted, session.account, _why(why), console.clock.now())
    doorbell.ring(console.box.folders.run)
    return RedirectResponse("/disclosures", 303)


@router.post("/disclosures/{package}/fetch")
def fetch(request: Request, session: Discloser, package: str, csrf: Csrf = "") -> Response:
    """The package, once."""
    check_form(session, csrf)
    console = _whole(request, session)
    if not disclosure.is_package(package) or not disclosure.sealed_file(console.box, package).exists():
        raise HTTPException(404)
    stack, now = ExitStack(), console.clock.now()
    with Ledger.open(console.box.folders.ledger) as ledger:
        pieces = stack.enter_context(disclosure.fetched(console.box, ledger, package, console.identities, session.account, now))

    def stream() -> Iterator[bytes]:
        with stack:
            yield from pieces

    headers = {"Content-Disposition": f'attachment; filename="disclosure-{package}.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(stream(), media_type="application/zip", headers=headers)


def _whole(request: Request, session: Session) -> Console:
    """The console, for those who see every line: a person's calls are looked for on all."""
    console = console_of(request)
    if console.scope(session) is not None:
        raise NotAllowedError(Right.DISCLOSE)
    return console


def _access(console: Console, session: Session, choice: Choice) -> str:
    """As for any copy: `free`, `granted`, `asked`, or "" where somebody else has to allow it first."""
    if choice.recording is None:
        return ""
    name, now = choice.recording.facts.recording, console.clock.now()
    return register.access(console.ledger, console.box.config, name, session.account, register.COPY, now)


def _why(text: str) -> str:
    """Whose case it is. Raises SaidError; a number or a name would outlive what may be erased one day."""
    if not text.strip():
        raise SaidError(N_("Say whose request it is, by its number."))
    return reason(text)


def _page(console: Console, request: Request, session: Session, **values: object) -> Response:
    made = disclosure.packages(console.box, console.ledger.connection, console.clock.now() - _BACK)
    shown = {"found": None, "number": "", "why": ""}
    return console.page(
        request, "disclosures.html", session, packages=made, busy=any(one.state == "made" for one in made), **{**shown, **values}
    )
