"""Rings one extension; which one may be a value that the caller keyed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.numbers import EMERGENCY
from ivr_flows import ringing
from ivr_flows.effects import Connect, Why
from ivr_flows.inputs import Input
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt, fill
from ivr_flows.state import Call, Leave, Move

EXAMPLE = '{type: extension, number: "201", ring: 20s, no_answer: vm_sales, busy: vm_sales}'


@dataclass(frozen=True, slots=True)
class Options:
    """Which, and for how long."""

    prompt: Prompt | None
    number: str
    ring: int


def read(reading: Reading) -> Options:
    """Exits: no_answer, busy; unreachable goes as no_answer where it is not named."""
    prompt = reading.prompt(required=False)
    place = reading.key_place("number")
    number = reading.use("number", "extension", template=True)
    if number in EMERGENCY:
        reading.notes.add("emergency-number", place, node=reading.where, number=number)
    length = reading.duration("ring", ringing.RING, 1, 600)
    ringing.read_exits(reading, ("no_answer", "busy"), ("unreachable",))
    return Options(prompt, number, length)


def enter(call: Call, options: Options) -> Move:
    """Let it ring; what is no extension's number is unreachable."""
    number = fill(options.number, call.values)
    if not (number.isascii() and number.isdigit() and 1 < len(number) <= 8) or number in EMERGENCY:
        outcome = "unreachable" if "unreachable" in call.node.exits else "no_answer"
        return Leave(outcome, Why("no-extension", (number,)))
    return ringing.connect(call, options.prompt, Connect("extension", number, options.ring, back=True, values=call.values))


def react(call: Call, options: Options, given: Input) -> Move:
    """What became of it."""
    if ringing.is_said(call, given):
        return enter(call, options)
    return ringing.came_back(call, given, f"extension:{fill(options.number, call.values)}")
