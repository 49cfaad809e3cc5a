"""Goes on in another flow, at its start or at one of its nodes; the values of the call go along. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.effects import Why
from ivr_flows.inputs import Input
from ivr_flows.reading import Reading
from ivr_flows.state import Call, Finish, Jump, Move

EXAMPLE = "{type: goto_flow, flow: night}"


@dataclass(frozen=True, slots=True)
class Options:
    """Where to."""

    flow: str
    node: str


def read(reading: Reading) -> Options:
    """No exits: it does not come back."""
    return Options(reading.use("flow", "flow"), reading.word("node"))


def enter(call: Call, options: Options) -> Move:
    """Go; a flow that is not there leads to this one's fallback."""
    return Jump(options.flow, options.node, Why("flow", (options.flow,)))


def react(call: Call, options: Options, given: Input) -> Move:
    """Nothing happens to a call in here."""
    return Finish("fallback", Why("broken", (options.flow,)))
