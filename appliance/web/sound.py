"""A recording's sound as an answer: whole or a range (RFC 9110 §14), heard on a page or taken away as a file."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from appliance.calls import Recording
from appliance.library import playback, register
from appliance.moments import to_datetime
from appliance.records import Exported
from appliance.web import ranges
from appliance.web.accounts import Session
from appliance.web.console import Console


def stream(request: Request, console: Console, recording: Recording) -> Response:
    """The sound, or the part of it that is asked for; 416 where there is no such part. Raises PlaybackError."""
    opened = playback.open_recording(console.box, recording, console.identities)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    try:
        wanted = ranges.parse(request.headers.get("range", ""), opened.size)
    except ranges.UnsatisfiableError:
        opened.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{opened.size}"})
    begin, end = wanted or (0, opened.size)
    headers["Content-Length"] = str(end - begin)
    if wanted:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{opened.size}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        opened.close()
        return Response(status_code=status, headers=headers, media_type=opened.media_type)
    return StreamingResponse(opened.pieces(begin, end), status, headers=headers, media_type=opened.media_type)


def take(request: Request, console: Console, session: Session, recording: Recording) -> Response:
    """The recording as a file, which is entered in the register. Raises NotApprovedError where the site demands an approval."""
    facts, now = recording.facts, console.clock.now()
    register.check(console.ledger, console.box.config, facts.recording, session.account, register.COPY, now)
    response = stream(request, console, recording)
    began = to_datetime(facts.started_at, console.box.config.site.zone)
    extension = facts.file.split(".")[1]
    response.headers["Content-Disposition"] = f'attachment; filename="{began:%Y%m%d-%H%M%S}-{facts.recording}.{extension}"'
    if response.status_code in (200, 206):
        console.ledger.append(Exported(at=now, recording=facts.recording, who=session.account, what=extension))
    return response
