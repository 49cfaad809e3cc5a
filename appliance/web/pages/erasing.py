"""Erasing by number or id: what would go is said first, a reason and a second word are asked for, then how far it is, with the proofs."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from appliance import doorbell, erasure, keys
from appliance.errors import SaidError
from appliance.library import erasures
from appliance.library.planning import Wanted, carry_out, number_of, plan_of, reason, sentences
from appliance.moments import SECOND
from appliance.records import ErasureAsked
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import NotAllowedError, allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Eraser = Annotated[Session, Depends(allowed(Right.ERASE))]
Csrf = Annotated[str, Form(max_length=100)]
Word = Annotated[str, Form(max_length=2000)]
SHOWN = 20
_BACK = 90 * 24 * 3600 * SECOND
"""How long ago an erasure may be that is still shown here; `appliance report erasures` shows all."""


class Progress(NamedTuple):
    """How far the erasures are that were asked for at one moment."""

    asked: int
    done: int


@router.get("/erase")
def page(request: Request, session: Eraser, at: int = 0) -> Response:
    """What was erased lately, and where one asks for more; `at`: how far that is which was asked for then."""
    console = _whole(request, session)
    progress = _progress(console, max(0, min(at, 2**62))) if at else None
    return _page(console, request, session, progress=progress)


@router.post("/erase")
def erase(
    request: Request, session: Eraser, number: Word = "", ids: Word = "", why: Word = "", keep_calls: Word = "", do: Word = "look",
    count: int = Form(default=-1), sure: Word = "", csrf: Csrf = "",
) -> Response:  # fmt: skip
    """Say what would go; with the second word, let it go."""
    check_form(session, csrf)
    console = _whole(request, session)
    wanted = Wanted(tuple(ids.split()), number.strip(), "", bool(keep_calls))
    if bool(wanted.ids) == bool(wanted.number):
        raise SaidError(N_("Name a number, or the ids of calls or recordings."))
    plan = plan_of(console.box, console.ledger, wanted)
    kept = reason(why, plan.orders)
    known = len(console.book.behind(number_of(console.box, wanted)))
    told = list(sentences(console.box, plan, wanted, known))
    given = {"number": wanted.number, "ids": " ".join(wanted.ids), "why": kept, "keep_calls": keep_calls}
    if do != "erase":
        return _page(console, request, session, plan=plan, told=told, given=given, known=known)
    if not sure:
        raise SaidError(N_("Say that it is meant: it cannot be undone."))
    if count != len(plan.orders):
        raise SaidError(N_("Something changed meanwhile; look at the plan again."))
    now = console.clock.now()
    carry_out(console.box, console.ledger, plan, wanted, session.account, kept, now)
    doorbell.ring(console.box.folders.run)
    return RedirectResponse(f"/erase?at={now}", 303)


def _whole(request: Request, session: Session) -> Console:
    """The console, for those who see every line: an erasure looks at all."""
    console = console_of(request)
    if console.scope(session) is not None:
        raise NotAllowedError(Right.ERASE)
    return console


def _page(console: Console, request: Request, session: Session, **values: object) -> Response:
    now = console.clock.now()
    public = keys.signing_public(console.box.folders.keys)
    found = erasures.report(console.ledger, public, now - _BACK, None)
    shown = {
        "plan": None,
        "told": (),
        "known": 0,
        "progress": None,
        "given": {"number": "", "ids": "", "why": "", "keep_calls": ""},
    }
    return console.page(
        request, "erase.html", session, waiting=found.waiting, erased=found.erased[: -SHOWN - 1 : -1], key_known=public is not None,
        **{**shown, **values},
    )  # fmt: skip


def _progress(console: Console, at: int) -> Progress:
    rows = console.ledger.connection.execute(
        "SELECT subject FROM record WHERE kind = ? AND at = ?", (ErasureAsked.__name__, at)
    ).fetchall()
    waiting = sum(bool(erasure.waiting(console.ledger.connection, row["subject"])) for row in rows)
    return Progress(len(rows), len(rows) - waiting)
