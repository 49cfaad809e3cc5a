"""Asks for digits, such as a customer's number, and keeps them as a value of the call. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.moments import SECOND
from ivr_flows import asking
from ivr_flows.asking import PLAYING, Trouble
from ivr_flows.effects import StopPlay, Why
from ivr_flows.inputs import Digit, Input, Timer
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Move

EXAMPLE = """
type: collect
say: "お客様番号4桁を押してください。"
into: customer
min: 4
max: 4
no_input: {tries: 2, then: operator}
wrong_key: {tries: 2, then: operator, say: "桁数が違います。"}
next: lookup
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How many digits, and what for."""

    prompt: Prompt | None
    into: str
    low: int
    high: int
    end_key: str
    timeout: int
    between: int
    barge_in: bool
    no_input: Trouble
    wrong_key: Trouble


def read(reading: Reading) -> Options:
    """Exits: next, no_input, wrong_key (too few digits, or one that is none)."""
    prompt, into = reading.prompt(), reading.gives("into")
    low_place = reading.key_place("min")
    low, high = reading.number("min", 1, 1, 32), reading.number("max", 0, 1, 32)
    if high == 0:
        high = max(low, 16)
    elif low > high:
        reading.notes.add("out-of-range", low_place, name="min", given=low, low=1, high=high)
        low = high
    end_key = reading.key("end_key", "#")
    timeout, between = reading.duration("timeout", 5 * SECOND, 1, 60), reading.duration("between", 3 * SECOND, 1, 30)
    no_input = asking.read_trouble(reading, "no_input", Way.SILENCE)
    wrong_key = asking.read_trouble(reading, "wrong_key", Way.PRESSED)
    barge_in = reading.flag("barge_in", True)
    reading.exit("next", Way.PRESSED)
    return Options(prompt, into, low, high, end_key, timeout, between, barge_in, no_input, wrong_key)


def enter(call: Call, options: Options) -> Move:
    """Ask."""
    return asking.ask(call, options.prompt, call.local, again=False)


def react(call: Call, options: Options, given: Input) -> Move:
    """Gather digits until there are enough, the end key comes, or nothing."""
    if isinstance(given, Digit) and (call.local.phase != PLAYING or options.barge_in):
        return _pressed(call, options, given.digit)
    if asking.is_said(call, given):
        return asking.wait(call, options.timeout)
    if isinstance(given, Timer):
        digits = call.local.digits
        return _enough(call, options, digits) if digits else asking.silence(call, options.no_input, options.prompt)
    return call.same()


def _pressed(call: Call, options: Options, key: str) -> Move:
    digits, playing = call.local.digits, call.local.phase == PLAYING
    if key == options.end_key:
        return _enough(call, options, digits)
    if not key.isdigit():
        return asking.wrong(call, options.wrong_key, options.prompt, key)
    digits += key
    if len(digits) >= options.high:
        return _enough(call, options, digits)
    return asking.wait(call, options.between, digits, stop=playing)


def _enough(call: Call, options: Options, digits: str) -> Move:
    if len(digits) < options.low:
        return asking.wrong(call, options.wrong_key, options.prompt, "*" * len(digits))
    stop = (StopPlay(call.local.token),) if call.local.phase == PLAYING else ()
    return Leave("next", Why("collected", (options.into, str(len(digits)))), stop, {options.into: digits})
