"""What every node does that lets somebody be rung: it hands the call to the dialplan, and takes it back where nobody answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.moments import SECOND
from ivr_flows.effects import Connect, HangUp, Play, Why
from ivr_flows.inputs import CameBack, Input, PlayFailed, PlayFinished
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Finish, Leave, Local, Move, Stay

RING = 25 * SECOND
_SAID = "saying"
_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "busy": ("no_answer", "timeout"),
    "unreachable": ("no_answer", "timeout"),
    "full": ("timeout", "no_answer"),
    "empty": ("timeout", "no_answer"),
    "timeout": ("no_answer",),
    "no_answer": ("timeout",),
    "done": ("answered",),
    "answered": (),
}
"""By which exits a call leaves that has none for its own outcome."""


def read_exits(reading: Reading, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """An exit for each outcome; `answered` (after the conversation) is optional, for a survey."""
    for name in required:
        reading.exit(name, Way.PEOPLE)
    for name in (*optional, "answered"):
        reading.exit(name, Way.PEOPLE, required=False)


def connect(call: Call, prompt: Prompt | None, effect: Connect) -> Move:
    """Let it ring, after some words if there are any. One that does not come back ends the flow."""
    heard = prompt.heard(call.values) if prompt is not None and call.local.phase != _SAID else ()
    if heard:
        return Stay((Play(call.token, heard),), Local(_SAID, call.token))
    if not effect.back:
        return Finish(effect.kind, Why("message", (effect.name,)), (effect,))
    return Stay((effect,), call.local)


def is_said(call: Call, given: Input) -> bool:
    """Whether the words before the ringing are over."""
    return isinstance(given, PlayFinished | PlayFailed) and call.local.phase == _SAID and given.token == call.local.token


def came_back(call: Call, given: Input, target: str) -> Move:
    """What became of it."""
    if not isinstance(given, CameBack):
        return call.same()
    exits = call.node.exits
    outcome = next((name for name in (given.outcome, *_INSTEAD.get(given.outcome, ())) if name in exits), given.outcome)
    if given.outcome in ("answered", "done") and outcome not in exits:
        return Finish("answered", Why("answered", (target,)), (HangUp(),))
    return Leave(outcome, Why("rang", (target, given.outcome)), values={"outcome": given.outcome})
