"""`/metrics` for Prometheus: open to whoever bears the token of `keys/metrics.token`, and not there where there is none."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from appliance import keys
from appliance.errors import CouldNotError
from appliance.health import metrics
from appliance.health.checks import Context
from appliance.web.security import console_of

router = APIRouter()
TOKEN = "metrics.token"  # noqa: S105 - a file's name
SHORTEST = 16


@router.get("/metrics")
def page(request: Request) -> Response:
    """All figures. No session and no right: a machine asks, with a bearer token of at least 16 characters."""
    console = console_of(request)
    path = console.box.folders.keys / TOKEN
    try:
        token = keys.private_text(path).strip() if path.exists() else ""
    except CouldNotError:
        token = ""
    if len(token) < SHORTEST:
        raise HTTPException(404)
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    context = Context(console.box, console.ledger, console.clock.now())
    return Response(metrics.text(context), media_type=metrics.CONTENT_TYPE)
