"""The marks of a call's pauses, as they stand on its spool, and the pauses that they tell of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from appliance.ids import CallId
from appliance.records import Record, RecordingPaused, RecordingResumed

FOREVER = (1 << 63) - 1
DEMAND = "demand"
"""`Mark.how` of what no person commanded: the call is kept on demand only."""


class Mark(NamedTuple):
    """One command in the history of a call's pauses."""

    at: int
    paused: bool
    until: int
    """When a pause ends by itself (ns); FOREVER where it does not."""
    who: str
    how: str
    """`api`, `digits`, `limit` or DEMAND."""
    why: str


class Span(NamedTuple):
    """A pause from its command to its end."""

    begin: int
    end: int
    who: str
    how: str
    why: str


def spans(marks: Iterable[Mark]) -> list[Span]:
    """The pauses that these marks tell of, in order; the last may end in the future."""
    found: list[Span] = []
    for mark in sorted(marks):
        open_now = bool(found) and found[-1].end > mark.at
        if mark.paused and not open_now:
            found.append(Span(mark.at, mark.until, mark.who, mark.how, mark.why))
        elif not mark.paused and open_now:
            found[-1] = found[-1]._replace(end=mark.at)
    return found


def apart(found: Iterable[Span]) -> list[Span]:
    """Pauses in order, those that touch as one: the calls of one talk are paused together."""
    out: list[Span] = []
    for span in sorted(found):
        if out and span.begin <= out[-1].end:
            out[-1] = out[-1]._replace(end=max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def record_of(call: CallId, mark: Mark) -> Record:
    """The fact that a mark stands for."""
    if mark.paused:
        until = None if mark.until == FOREVER else mark.until
        return RecordingPaused(at=mark.at, call=call, who=mark.who, how=mark.how, why=mark.why, until=until)
    return RecordingResumed(at=mark.at, call=call, who=mark.who, how=mark.how, why=mark.why)
