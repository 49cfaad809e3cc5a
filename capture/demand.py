"""Which calls wait until somebody asks for their recording: a call that is kept on demand only is paused with its whole talk. Pure.

One wish holds for all calls of a talk: a rule that wants one of them recorded wins, then that somebody asked, then on demand. What was
captured before another call of the talk said that it is kept on demand only is on the spool, and goes unrendered if nobody asks.
A telephone that rang in vain has no say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from appliance.ids import CallId
from capture.dialog import Dialog
from capture.pauses import Pauses


class Change(NamedTuple):
    """This call of the talk has to be paused, or goes on."""

    call: CallId
    pause: bool
    why: str


def changes(calls: Sequence[CallId], dialog: Callable[[CallId], Dialog | None], pauses: Pauses, at: int) -> list[Change]:
    """What has to change for the calls of one talk, so that they wait or are recorded together."""
    known = [found for call in calls if (found := dialog(call)) is not None and found.verdict.record]
    said = [one.verdict for one in known if one.live or one.answered_at is not None]
    wants = next((one for one in said if one.demand), None)
    sure = next((one for one in said if one.sure), None)
    live = [one.call for one in known if one.live]
    if wants is None or sure is not None or any(pauses.was_asked(call) for call in calls):
        return [Change(call, False, sure.detail if sure else "") for call in live if pauses.waits(call)]
    return [Change(call, True, wants.detail) for call in live if pauses.paused(call, at) is None]
