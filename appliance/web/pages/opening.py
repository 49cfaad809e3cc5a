"""The opening test (開通試験) from the page: a test call is followed step by step, and root, who has the box's key, examines it and signs.

The page shows what has become of the newest call since the test began; the report comes as HTML and JSON.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, HTTPException, Request
from fastapi import Form as FormField
from fastapi.responses import RedirectResponse, Response

from appliance import config_change, root_requests
from appliance.lookup import get_call, get_recording
from appliance.web.console import Console
from appliance.web.pages.setup import Fitter
from appliance.web.security import check_form, console_of
from appliance.words import N_, Text

router = APIRouter()
Word = Annotated[str, FormField(max_length=200)]
DO = "commission"
FOLDER = "commission"
_NAME = re.compile(r"[0-9T-]{10,40}\Z")


class Mark(NamedTuple):
    """One thing that happens to the test call."""

    what: Text
    done: bool


@router.get("/opening")
def page(request: Request, session: Fitter, since: int = 0, asked: str = "") -> Response:
    """The test: how it is made, how far it is, and the reports of earlier ones."""
    console = console_of(request)
    answer = root_requests.answer_to(console.box, asked) if asked else None
    return console.page(
        request, "opening.html", session, **_values(console, since), asked=asked, answer=answer, reports=_reports(console)
    )


@router.get("/opening/progress")
def progress(request: Request, session: Fitter, since: int = 0) -> Response:
    """The same, for the page that looks again every two seconds."""
    console = console_of(request)
    return console.page(request, "opening_progress.html", session, **_values(console, since))


@router.post("/opening")
def act(
    request: Request, session: Fitter, do: Word = "", call: Word = "", popup: Word = "", silent: Word = "", csrf: Word = ""
) -> Response:
    """Begin, or have the test call examined and the report signed."""
    check_form(session, csrf)
    console = console_of(request)
    if do == "begin":
        return RedirectResponse(f"/opening?since={console.clock.now()}", 303)
    values = {"call": call, "popup_seen": "1" if popup else "", "without_notices": "1" if silent else ""}
    asked = root_requests.ask(console.box, DO, session.account, "", console.clock.now(), values)
    return RedirectResponse(f"/opening?asked={asked}", 303)


@router.get("/opening/reports/{report}")
def report(request: Request, session: Fitter, report: str) -> Response:
    """A report as a file: NAME.html or NAME.json."""
    console = console_of(request)
    name, _, ending = report.partition(".")
    path = console.box.folders.data / FOLDER / report
    if not _NAME.match(name) or ending not in ("html", "json") or not path.is_file():
        raise HTTPException(404)
    kind = {"html": "text/html; charset=utf-8", "json": "application/json"}[ending]
    return Response(
        path.read_bytes(), media_type=kind, headers={"Content-Disposition": f'attachment; filename="opening-test-{report}"'}
    )


def _values(console: Console, since: int) -> dict[str, Any]:
    connection = console.ledger.connection
    row = connection.execute(
        "SELECT id FROM call WHERE started_at > ? AND main IS NULL ORDER BY started_at DESC LIMIT 1", (since,)
    ).fetchone() if since else None  # fmt: skip
    call = get_call(connection, row[0]) if row else None
    recording = get_recording(connection, call.id) if call else None
    marks = [
        Mark(Text(N_("The call was seen")), call is not None),
        Mark(Text(N_("It was answered")), call is not None and call.answered_at is not None),
        Mark(Text(N_("It has ended")), call is not None and call.ended_at is not None),
        Mark(Text(N_("It was recorded and sealed")), recording is not None),
        Mark(Text(N_("It is stored, and was read back")), recording is not None and recording.stored_at is not None),
    ]
    wants_notices = bool(config_change.current(console.box).config.notify.channels)
    return {"since": since, "call": call, "marks": marks, "wants_notices": wants_notices}


def _reports(console: Console) -> list[Path]:
    return sorted((console.box.folders.data / FOLDER).glob("*.json"), reverse=True)[:20]
