"""Rings a group of extensions, as the box's configuration describes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows import ringing
from ivr_flows.effects import Connect
from ivr_flows.inputs import Input
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Move

EXAMPLE = "{type: ring_group, group: sales, ring: 25s, no_answer: vm_sales, busy: vm_sales}"


@dataclass(frozen=True, slots=True)
class Options:
    """Which, and for how long."""

    prompt: Prompt | None
    group: str
    ring: int


def read(reading: Reading) -> Options:
    """Exits: no_answer, busy; unreachable and empty go as no_answer where they are not named."""
    prompt = reading.prompt(required=False)
    group = reading.use("group", "group")
    length = reading.duration("ring", ringing.RING, 1, 600)
    ringing.read_exits(reading, ("no_answer", "busy"), ("unreachable", "empty"))
    return Options(prompt, group, length)


def enter(call: Call, options: Options) -> Move:
    """Let it ring."""
    return ringing.connect(call, options.prompt, Connect("group", options.group, options.ring, back=True, values=call.values))


def react(call: Call, options: Options, given: Input) -> Move:
    """What became of it."""
    if ringing.is_said(call, given):
        return enter(call, options)
    return ringing.came_back(call, given, f"group:{options.group}")
