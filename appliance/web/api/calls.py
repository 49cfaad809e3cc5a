"""Calls by the API: found, looked at, taken away as a file, labelled, marked and noted; a recording paused and resumed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response

from appliance import calls, doorbell, tap_control
from appliance.library import marks as written
from appliance.library import search
from appliance.library.keeping import is_label
from appliance.lookup import get_recording, labels_of
from appliance.popups import desk
from appliance.records import RecordingLabelled
from appliance.web import sound
from appliance.web.accounts import Session
from appliance.web.api.gate import bearer, kept_recording, seen_call
from appliance.web.api.models import CALL, Call, Calls, Direction, Mark, NewMark, NewNote, NewPause, Note, Pause
from appliance.web.api.moments import Moment, begin_of, told
from appliance.web.api.problems import ProblemError, documented
from appliance.web.console import Console
from appliance.web.pages.calls import cursor
from appliance.web.rights import Right
from appliance.web.security import console_of

router = APIRouter()
Searcher = Annotated[Session, Depends(bearer(Right.SEARCH))]
Listener = Annotated[Session, Depends(bearer(Right.LISTEN))]
Taker = Annotated[Session, Depends(bearer(Right.DOWNLOAD))]
Marker = Annotated[Session, Depends(bearer(Right.LABEL))]
Operator = Annotated[Session, Depends(bearer(Right.POPUP))]
Pauser = Annotated[Session, Depends(bearer(Right.PAUSE))]
CallId = Annotated[str, Path(pattern=CALL, description="The call's id.")]
Label = Annotated[str, Path(min_length=1, max_length=40, description="Letters of any script, digits, - and _.")]
Reason = Literal["anonymous", "payphone", "unavailable", "interaction", "erased"]
Text = Annotated[str, Query(max_length=100)]
Seconds = Annotated[int | None, Query(ge=0, le=1_000_000)]
_BYTES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("audio/flac", "audio/ogg")}
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole recording.", "content": _BYTES},
    206: {"description": "The part that `Range` asks for.", "content": _BYTES},
}


@router.get("/calls", responses=documented())
def find(
    request: Request,
    session: Searcher,
    number: Annotated[str, Query(max_length=60, description="Part of a number or a name; `090*` begins, `*5678` ends.")] = "",
    begin: Annotated[Moment | None, Query(description="Calls that began then or later.")] = None,
    end: Annotated[Moment | None, Query(description="Calls that began before; a date includes its day.")] = None,
    direction: Direction | None = None,
    outcome: Literal["recorded", "not_recorded", "open"] | None = None,
    reason: Annotated[Reason | None, Query(description="Why no caller number was shown.")] = None,
    line: Text = "",
    who: Annotated[str, Query(max_length=100, description="Whoever took it.")] = "",
    label: Text = "",
    memo: Text = "",
    shortest: Seconds = None,
    longest: Seconds = None,
    held: bool = False,
    before: Annotated[str, Query(pattern=r"^([0-9]{1,19}\.[a-z2-7]{16})?$", description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = search.PAGE,
) -> Calls:
    """Calls, the newest first; empty values do not restrict."""
    console = console_of(request)
    scope, zone = console.scope(session), console.box.config.site.zone
    query = search.Query(
        number=number, begin=begin_of(begin, zone), end=begin_of(end, zone, following=True), direction=direction or "",
        outcome=outcome or "", reason=reason or "", line=line, who=who, label=label, memo=memo, shortest=shortest, longest=longest,
        held=held, lines=scope.spellings if scope else None, before=cursor(before), limit=limit,
    )  # fmt: skip
    page = search.find(console.ledger.connection, query)
    following = f"{page.next[0]}.{page.next[1]}" if page.next else None
    return Calls(calls=[_call(console, call) for call in page.calls], next=following)


@router.get("/calls/{call}", responses=documented(404))
def one(request: Request, session: Searcher, call: CallId) -> Call:
    """One call."""
    console = console_of(request)
    return _call(console, seen_call(console, session, call))


@router.get(
    "/calls/{call}/recording", response_class=Response, responses={**_SOUND, **documented(404, 416, 503)},
)  # fmt: skip
def recording(
    request: Request,
    session: Taker,
    call: CallId,
    range: Annotated[str | None, Header(max_length=200, description="`bytes=0-65535`")] = None,
) -> Response:
    """The recording as a file, which is entered in the register under the token's name."""
    console = console_of(request)
    answer = sound.take(request, console, session, kept_recording(console, session, call))
    if answer.status_code == 416:
        raise ProblemError(416, f"there is no such part ({range or ''})", {"Content-Range": answer.headers["content-range"]})
    return answer


@router.put("/calls/{call}/labels/{label}", responses=documented(404, 409))
def put_label(request: Request, session: Marker, call: CallId, label: Label) -> list[str]:
    """Put a label on its recording; the answer is all that it bears."""
    return _label(console_of(request), session, call, label, labelled=True)


@router.delete("/calls/{call}/labels/{label}", responses=documented(404, 409))
def take_label(request: Request, session: Marker, call: CallId, label: Label) -> list[str]:
    """Take a label off; the answer is all that it still bears."""
    return _label(console_of(request), session, call, label, labelled=False)


@router.get("/calls/{call}/marks", responses=documented(404))
def marks(request: Request, session: Listener, call: CallId) -> list[Mark]:
    """The marks of its recording, in order."""
    console = console_of(request)
    found = kept_recording(console, session, call)
    return [Mark(**mark._asdict()) for mark in written.marks_of(console.ledger.connection, found.facts.recording)]


@router.post("/calls/{call}/marks", status_code=201, responses=documented(404, 409, 413))
def mark(request: Request, session: Marker, call: CallId, given: NewMark) -> Mark:
    """Set a mark."""
    console = console_of(request)
    found = kept_recording(console, session, call)
    made = written.put(console.ledger, found, given.seconds, given.note, session.account, console.clock.now())
    return Mark(**made._asdict())


@router.delete("/calls/{call}/marks/{mark}", status_code=204, responses=documented(404))
def unmark(request: Request, session: Marker, call: CallId, mark: Annotated[str, Path(pattern="^[0-9a-f]{12}$")]) -> None:
    """Take a mark away."""
    console = console_of(request)
    found = kept_recording(console, session, call)
    if not written.remove(console.ledger, found, mark, session.account, console.clock.now()):
        raise ProblemError(404, "there is no such mark")


@router.put("/calls/{call}/note", responses=documented(404, 413))
def note(request: Request, session: Operator, call: CallId, given: NewNote) -> Note:
    """Keep a memo, and whether somebody has to call back; every open page shows it at once."""
    console = console_of(request)
    found = seen_call(console, session, call)
    desk.write(console.ledger, found.id, session.account, given.memo, given.follow_up, console.clock.now())
    doorbell.ring(console.box.folders.run)
    return _note(console, found.id)


@router.post("/calls/{call}/pause", responses=documented(404, 409, 413, 503))
def pause(request: Request, session: Pauser, call: CallId, given: NewPause) -> Pause:
    """Record nothing of a call under way from now on; acknowledged when that is durable."""
    return _pause(console_of(request), session, call, given.why, paused=True)


@router.post("/calls/{call}/resume", responses=documented(404, 409, 413, 503))
def resume(request: Request, session: Pauser, call: CallId, given: NewPause) -> Pause:
    """Record it again."""
    return _pause(console_of(request), session, call, given.why, paused=False)


def _call(console: Console, call: calls.Call) -> Call:
    connection, zone = console.ledger.connection, console.box.config.site.zone
    found = get_recording(connection, call.id) if call.recording else None
    borne = labels_of(connection, call.recording) if call.recording else []
    return Call.model_validate({**calls.as_json(call, found, zone), "note": _note(console, call.id), "labels": borne})


def _note(console: Console, call: str) -> Note:
    return Note.model_validate(desk.note_of(console.ledger.connection, call)._asdict())


def _label(console: Console, session: Session, call: str, label: str, *, labelled: bool) -> list[str]:
    if not is_label(label):
        raise ProblemError(409, "this is no label; use letters, digits, - and _, at most 40")
    name = kept_recording(console, session, call).facts.recording
    entry = RecordingLabelled(at=console.clock.now(), recording=name, label=label, labelled=labelled, who=session.account)
    console.ledger.append(entry)
    return labels_of(console.ledger.connection, name)


def _pause(console: Console, session: Session, call: str, why: str, *, paused: bool) -> Pause:
    if seen_call(console, session, call).ended_at is not None:
        raise ProblemError(409, "this call is over")
    done = (tap_control.pause if paused else tap_control.resume)(console.box.folders.run, call, who=session.account, why=why)
    zone = console.box.config.site.zone
    return Pause(call=call, paused=paused, at=told(done.get("at"), zone), until=told(done.get("until"), zone))
