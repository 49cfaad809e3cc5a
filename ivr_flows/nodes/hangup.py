"""Ends the call, after some last words if there are any. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.effects import HangUp, Play, Why
from ivr_flows.inputs import Input, PlayFailed, PlayFinished
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Finish, Local, Move, Stay

EXAMPLE = '{type: hangup, say: "お電話ありがとうございました。"}'


@dataclass(frozen=True, slots=True)
class Options:
    """The last words, and how it ends."""

    prompt: Prompt | None
    cause: str


def read(reading: Reading) -> Options:
    """No exits."""
    return Options(reading.prompt(required=False), reading.choice("cause", ("normal", "busy"), "normal"))


def enter(call: Call, options: Options) -> Move:
    """Say them, or end at once."""
    heard = options.prompt.heard(call.values) if options.prompt else ()
    if heard:
        return Stay((Play(call.token, heard),), Local("playing", call.token))
    return _over(options)


def react(call: Call, options: Options, given: Input) -> Move:
    """End when they were said."""
    if isinstance(given, PlayFinished | PlayFailed) and given.token == call.local.token:
        return _over(options)
    return call.same()


def _over(options: Options) -> Finish:
    return Finish("hangup", Why("hung-up"), (HangUp(options.cause),))
