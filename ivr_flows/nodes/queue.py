"""Lets the caller wait in a queue, at most so long; who presses the queue's key is called back instead. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.moments import SECOND
from ivr_flows import ringing
from ivr_flows.effects import Connect
from ivr_flows.inputs import Input
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Move

EXAMPLE = "{type: queue, queue: support, wait: 5m, timeout: vm_support, full: busy_msg, empty: vm_support, callback: call_me}"


@dataclass(frozen=True, slots=True)
class Options:
    """Which, and for how long."""

    prompt: Prompt | None
    queue: str
    wait: int


def read(reading: Reading) -> Options:
    """Exits: timeout, full, empty; callback where the caller may leave by the queue's key (the dialplan's outcome `done`)."""
    prompt = reading.prompt(required=False)
    queue = reading.use("queue", "queue")
    length = reading.duration("wait", 300 * SECOND, 5, 7200)
    ringing.read_exits(reading, ("timeout", "full", "empty"), ())
    reading.exit("callback", Way.PRESSED, required=False, outcome="done")
    return Options(prompt, queue, length)


def enter(call: Call, options: Options) -> Move:
    """Let the caller wait."""
    return ringing.connect(call, options.prompt, Connect("queue", options.queue, options.wait, back=True, values=call.values))


def react(call: Call, options: Options, given: Input) -> Move:
    """What became of it."""
    if ringing.is_said(call, given):
        return enter(call, options)
    return ringing.came_back(call, given, f"queue:{options.queue}")
