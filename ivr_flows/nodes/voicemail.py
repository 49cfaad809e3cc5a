"""Takes a message for a box. Without a `next` the call ends with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.effects import Connect, Why
from ivr_flows.inputs import CameBack, Input
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.state import Call, Finish, Leave, Move, Stay

EXAMPLE = "{type: voicemail, box: sales}"


@dataclass(frozen=True, slots=True)
class Options:
    """Whose box."""

    box: str


def read(reading: Reading) -> Options:
    """Exit: next, where the call goes on after the message."""
    box = reading.use("box", "box")
    reading.exit("next", Way.PEOPLE, required=False)
    return Options(box)


def enter(call: Call, options: Options) -> Move:
    """To the box."""
    if "next" not in call.node.exits:
        return Finish("voicemail", Why("message", (options.box,)), (Connect("voicemail", options.box, values=call.values),))
    return Stay((Connect("voicemail", options.box, back=True, values=call.values),), call.local)


def react(call: Call, options: Options, given: Input) -> Move:
    """On, whether a message was left or not."""
    if isinstance(given, CameBack):
        return Leave("next", Why("message", (options.box,)), values={"outcome": given.outcome})
    return call.same()
