"""Says something and goes on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.effects import Play, StopPlay, Why
from ivr_flows.inputs import Digit, Input, PlayFailed, PlayFinished
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Local, Move, Stay

EXAMPLE = '{type: play, say: "ただいま電話が混み合っております。", barge_in: no, next: operator}'


@dataclass(frozen=True, slots=True)
class Options:
    """What is said, and whether a key skips it."""

    prompt: Prompt | None
    barge_in: bool


def read(reading: Reading) -> Options:
    """Exit: next."""
    prompt = reading.prompt()
    barge_in = reading.flag("barge_in", False)
    reading.exit("next", Way.PASSES)
    return Options(prompt, barge_in)


def enter(call: Call, options: Options) -> Move:
    """Say it."""
    heard = options.prompt.heard(call.values) if options.prompt else ()
    if not heard:
        return Leave("next", Why("nothing-to-say"))
    return Stay((Play(call.token, heard, options.barge_in),), Local("playing", call.token))


def react(call: Call, options: Options, given: Input) -> Move:
    """Go on when it was said; a sound that cannot be heard holds nobody up."""
    token = call.local.token
    if isinstance(given, PlayFinished) and given.token == token:
        return Leave("next", Why("played"))
    if isinstance(given, PlayFailed) and given.token == token:
        return Leave("next", Why("play-failed"))
    if isinstance(given, Digit) and options.barge_in:
        return Leave("next", Why("skipped", (given.digit,)), (StopPlay(token),), {"key": given.digit})
    return call.same()
