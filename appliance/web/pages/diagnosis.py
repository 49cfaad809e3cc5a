"""Diagnosis: captures of the mirror port, taken by a service of their own (`appliance/diagnosis.py`), and the ladder of a call.

A capture knows no lines: whoever sees only some lines has none of it. One with speech needs a right of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from appliance import diagnosis
from appliance.calls import Call, Recording
from appliance.errors import CouldNotError
from appliance.lookup import get_call, get_recording
from appliance.moments import SECOND
from appliance.records import CallRinging, Exported
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import NotAllowedError, allowed, check_form, console_of

router = APIRouter()
Technician = Annotated[Session, Depends(allowed(Right.DIAGNOSE))]
Entrusted = Annotated[Session, Depends(allowed(Right.CAPTURE_SPEECH))]
Csrf = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=300)]
Seconds = Annotated[float, Form()]
CHOICES = (10, 30, 60, 120, 300)
_PIECE = 1 << 18
_NEAR = 10 * SECOND
_MOST_CALLS = 500


@router.get("/diagnosis")
def page(request: Request, session: Technician) -> Response:
    """The capture under way, those that are kept, and the form for the next."""
    console = _all_lines(request, session)
    running, off = None, ""
    try:
        running = diagnosis.ask(console.box.folders.run, {"do": "look"})["running"]
    except CouldNotError as error:
        off = str(error)
    return console.page(
        request, "diagnosis.html", session, running=running, off=off, kept=diagnosis.kept(console.box.folders), choices=CHOICES,
        days=diagnosis.DAYS, most=diagnosis.MOST_KEPT,
    )  # fmt: skip


@router.post("/diagnosis")
def take(
    request: Request, session: Technician, seconds: Seconds = 30, number: Text = "", why: Text = "", csrf: Csrf = ""
) -> Response:
    """Begin a capture without speech."""
    return _take(request, session, csrf, {"seconds": seconds, "number": number, "why": why, "whole": False})


@router.post("/diagnosis/whole")
def take_whole(
    request: Request, session: Entrusted, seconds: Seconds = 30, number: Text = "", why: Text = "", csrf: Csrf = ""
) -> Response:
    """Begin a capture with speech, for a reason."""
    return _take(request, session, csrf, {"seconds": seconds, "number": number, "why": why, "whole": True})


@router.post("/diagnosis/stop")
def stop(request: Request, session: Technician, csrf: Csrf = "") -> Response:
    """End the capture under way, and keep what it has."""
    check_form(session, csrf)
    diagnosis.ask(_all_lines(request, session).box.folders.run, {"do": "stop", "who": session.account})
    return RedirectResponse("/diagnosis", 303)


@router.get("/diagnosis/{capture}")
def one(request: Request, session: Technician, capture: str, call_id: str = "") -> Response:
    """A capture: its calls, the ladder of one or of all, and how the streams arrived."""
    console = _all_lines(request, session)
    found = _kept(console, capture)
    report, off = None, ""
    try:
        report = _report(console, capture, call_id)
    except CouldNotError as error:
        off = str(error)
    chosen = next((call for call in report["calls"] if call["call_id"] == call_id), None) if report and call_id else None
    recorded = _recorded(console, session, chosen) if chosen else None
    return console.page(
        request, "capture.html", session, capture=found, report=report, off=off, call_id=call_id, chosen=chosen, recorded=recorded
    )


@router.get("/diagnosis/{capture}/ladder.svg")
def drawing(request: Request, session: Technician, capture: str, call_id: str = "") -> Response:
    """The ladder as an image: in an image no script runs, whatever strangers called themselves."""
    console = _all_lines(request, session)
    _kept(console, capture)
    return Response(str(_report(console, capture, call_id)["svg"]), media_type="image/svg+xml")


@router.get("/diagnosis/{capture}/capture.pcap")
def copy(request: Request, session: Technician, capture: str) -> Response:
    """The file of a capture without speech, which is an entry of the register."""
    return _file(request, session, capture, whole=False)


@router.get("/diagnosis/{capture}/speech.pcap")
def copy_whole(request: Request, session: Entrusted, capture: str) -> Response:
    """The file of a capture with speech."""
    return _file(request, session, capture, whole=True)


def _all_lines(request: Request, session: Session) -> Console:
    console = console_of(request)
    if console.scope(session) is not None:
        raise NotAllowedError(Right.DIAGNOSE)
    return console


def _take(request: Request, session: Session, csrf: str, wish: dict[str, Any]) -> Response:
    check_form(session, csrf)
    diagnosis.ask(_all_lines(request, session).box.folders.run, {"do": "take", "who": session.account, **wish})
    return RedirectResponse("/diagnosis", 303)


def _kept(console: Console, capture: str) -> diagnosis.Capture:
    try:
        return diagnosis.get(console.box.folders, capture)
    except CouldNotError as error:
        raise HTTPException(404) from error


def _report(console: Console, capture: str, call_id: str) -> dict[str, Any]:
    return diagnosis.ask(console.box.folders.run, {"do": "ladder", "name": capture, "call_id": call_id[:400]})


def _file(request: Request, session: Session, capture: str, *, whole: bool) -> Response:
    console = _all_lines(request, session)
    found = _kept(console, capture)
    if found.whole != whole:
        raise HTTPException(404)
    console.ledger.append(Exported(at=console.clock.now(), recording=found.name, who=session.account, what="capture copied"))
    headers = {"Content-Disposition": f'attachment; filename="{found.name}.pcap"', "Content-Length": str(found.bytes)}
    return StreamingResponse(_pieces(found.path, found.bytes), media_type="application/vnd.tcpdump.pcap", headers=headers)


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while size > 0 and (piece := file.read(min(size, _PIECE))):
            size -= len(piece)
            yield piece


def _recorded(console: Console, session: Session, chosen: dict[str, Any]) -> tuple[Call, Recording | None] | None:
    """The call of the ledger that this one of the capture is."""
    at, connection = int(chosen["at"]), console.ledger.connection
    rows = connection.execute(
        "SELECT id FROM call WHERE started_at BETWEEN ? AND ? LIMIT ?", (at - _NEAR, at + _NEAR, _MOST_CALLS)
    ).fetchall()
    for row in rows:
        records = [entry.record for entry in console.ledger.of(row["id"])]
        if any(isinstance(record, CallRinging) and record.sip_call_id == chosen["call_id"] for record in records):
            call = get_call(connection, row["id"])
            return (call, get_recording(connection, call.recording) if call.recording else None) if call else None
    return None
