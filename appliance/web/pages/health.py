"""The health page: what the checks find, with the mend of each, and what every service last said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from appliance import shelf
from appliance.health import report
from appliance.health.checks import Context
from appliance.health.commands import status
from appliance.web.accounts import Session
from appliance.web.rights import Right
from appliance.web.security import allowed, console_of

router = APIRouter()
Viewer = Annotated[Session, Depends(allowed(Right.HEALTH))]


@router.get("/health")
def page(request: Request, session: Viewer) -> Response:
    """Findings and services."""
    console = console_of(request)
    now = console.clock.now()
    return console.page(
        request, "health.html", session,
        findings=report.run(Context(console.box, console.ledger, now)),
        status=status(console.box, console.ledger, now),
        beats=console.ledger.heartbeats(), now=now, free=shelf.free_bytes(console.box.folders.data),
    )  # fmt: skip
