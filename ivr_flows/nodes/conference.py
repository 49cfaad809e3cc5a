"""Lets the caller into a conference room. Without a `next` the call ends with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows import ringing
from ivr_flows.effects import Connect, HangUp, Why
from ivr_flows.inputs import CameBack, Input
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Finish, Leave, Move

EXAMPLE = "{type: conference, room: weekly, full: busy_msg}"


@dataclass(frozen=True, slots=True)
class Options:
    """Which room."""

    prompt: Prompt | None
    room: str


def read(reading: Reading) -> Options:
    """Exits: full (the room takes nobody more), and next where the call goes on afterwards."""
    prompt = reading.prompt(required=False)
    room = reading.use("room", "conference")
    reading.exit("full", Way.PEOPLE)
    reading.exit("next", Way.PEOPLE, required=False)
    return Options(prompt, room)


def enter(call: Call, options: Options) -> Move:
    """Into the room."""
    return ringing.connect(call, options.prompt, Connect("conference", options.room, back=True, values=call.values))


def react(call: Call, options: Options, given: Input) -> Move:
    """Back from the room, or from its door."""
    if ringing.is_said(call, given):
        return enter(call, options)
    if not isinstance(given, CameBack):
        return call.same()
    why = Why("room", (options.room, given.outcome))
    if given.outcome in ("full", "unreachable", "empty", "timeout"):
        return Leave("full", why, values={"outcome": given.outcome})
    return Leave("next", why) if "next" in call.node.exits else Finish("conference", why, (HangUp(),))
