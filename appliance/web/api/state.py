"""How the box is, by the API: calls under way, health, completeness, and what the token itself may do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from appliance.health import report
from appliance.health.checks import Context
from appliance.health.commands import status
from appliance.library import completeness
from appliance.lookup import read_call, select_calls
from appliance.moments import SECOND, to_datetime
from appliance.popups.cards import Card as Shown
from appliance.web.accounts import Session
from appliance.web.api.gate import bearer
from appliance.web.api.models import Card, Completeness, Finding, Health, Live, Person, Token
from appliance.web.api.moments import Moment, begin_of, told
from appliance.web.api.problems import ProblemError, documented
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import console_of
from appliance.web.tokens import PREFIX

router = APIRouter()
Watcher = Annotated[Session, Depends(bearer(Right.POPUP))]
Viewer = Annotated[Session, Depends(bearer(Right.HEALTH))]
Own = Annotated[Session, Depends(bearer(Right.OWN_ACCOUNT))]
DAYS = 31
_DAY = 24 * 3600 * SECOND


@router.get("/live", responses=documented())
def live(request: Request, session: Watcher) -> Live:
    """Every call under way on a line of this token, the newest first."""
    console = console_of(request)
    scope = console.scope(session)
    mine, lines = scope.clause() if scope else ("1", ())
    where = f"WHERE {mine} AND ended_at IS NULL AND started_at > ? ORDER BY started_at DESC LIMIT 100"
    rows = console.ledger.connection.execute(*select_calls(where, (*lines, console.clock.now() - _DAY)))
    return Live(calls=[_card(console, console.card(read_call(row))) for row in rows])


@router.get("/health", responses=documented())
def health(request: Request, session: Viewer) -> Health:
    """What the checks find, with the mend of each, and the box in figures."""
    console = console_of(request)
    now = console.clock.now()
    findings = [
        Finding(check=name, severity=found.severity.value, what=str(found.what), mend=str(found.mend))
        for name, found in report.run(Context(console.box, console.ledger, now))
    ]
    figures = {name: value for name, value in status(console.box, console.ledger, now).items() if name not in ("version", "data")}
    return Health.model_validate({"healthy": all(one.severity != "error" for one in findings), "findings": findings, **figures})


@router.get("/completeness", responses=documented())
def whole(
    request: Request,
    session: Viewer,
    begin: Annotated[Moment | None, Query(description="31 days ago where it is left out.")] = None,
    end: Annotated[Moment | None, Query(description="A date includes its day.")] = None,
) -> Completeness:
    """Calls seen against calls recorded and stored, by day; every gap with its reason."""
    console = console_of(request)
    if console.scope(session) is not None:
        raise ProblemError(403, "completeness counts every line, and this token sees only some")
    now, zone = console.clock.now(), console.box.config.site.zone
    first = now - DAYS * _DAY if begin is None else begin_of(begin, zone)
    found = completeness.report(console.box, console.ledger, first, begin_of(end, zone, following=True), now)
    return Completeness.model_validate(completeness.as_json(found))


@router.get("/token", responses=documented())
def token(request: Request, session: Own) -> Token:
    """What the token that asks may do."""
    role = session.role
    rights = sorted(right.value for right in role.rights if right is not Right.OWN_ACCOUNT)
    return Token(name=session.account.removeprefix(PREFIX), rights=rights, lines=list(role.lines), groups=list(role.groups))


def _card(console: Console, card: Shown) -> Card:
    zone = console.box.config.site.zone
    people = [
        Person(id=one.id, title=one.title, company=one.company, important=one.important, blocked=one.blocked) for one in card.people
    ]
    return Card(
        call=card.call, state=card.state, direction=card.direction, number=card.number, name=card.name, reason=card.reason,
        line=card.line, started_at=to_datetime(card.started_at, zone), answered_at=told(card.answered_at, zone), paused=card.paused,
        people=people,
    )  # fmt: skip
