"""Takes a message for a box. Without a `next` the call ends with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows import ringing
from ivr_flows.effects import Connect, Why
from ivr_flows.inputs import CameBack, Input
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Move

EXAMPLE = "{type: voicemail, box: sales}"


@dataclass(frozen=True, slots=True)
class Options:
    """Whose box."""

    prompt: Prompt | None
    box: str


def read(reading: Reading) -> Options:
    """Exit: next, where the call goes on after the message."""
    prompt = reading.prompt(required=False)
    box = reading.use("box", "box")
    reading.exit("next", Way.PEOPLE, required=False)
    return Options(prompt, box)


def enter(call: Call, options: Options) -> Move:
    """To the box."""
    back = "next" in call.node.exits
    return ringing.connect(call, options.prompt, Connect("voicemail", options.box, back=back, values=call.values))


def react(call: Call, options: Options, given: Input) -> Move:
    """On, whether a message was left or not."""
    if ringing.is_said(call, given):
        return enter(call, options)
    if isinstance(given, CameBack):
        return Leave("next", Why("message", (options.box,)), values={"outcome": given.outcome})
    return call.same()
