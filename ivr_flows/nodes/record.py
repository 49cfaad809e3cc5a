"""Records the caller: a message for the office, or a prompt of this flow by telephone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.moments import SECOND
from ivr_flows.effects import Effect, Play, Record, StopPlay, StopRecord, Why
from ivr_flows.inputs import Digit, Input, PlayFailed, PlayFinished, Recorded, RecordFailed, Timer
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Local, Move, Stay

EXAMPLE = """
type: record
say: "ご用件をお話しください。終わりましたらシャープを押してください。"
as: order
max: 2m
silence: 5s
end_key: "#"
next: thanks
error: operator
"""
_PROMPT, _RECORDING = "playing", "recording"
_GRACE = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Options:
    """How, how long, and as what."""

    prompt: Prompt | None
    kind: str
    name: str
    most: int
    silence: int
    end_key: str
    beep: bool


def read(reading: Reading) -> Options:
    """Exits: next, error."""
    prompt = reading.prompt(required=False)
    kind = reading.choice("kind", ("message", "prompt"), "message")
    name = reading.word("as", "message")
    most, silence = reading.duration("max", 120 * SECOND, 1, 1800), reading.duration("silence", 5 * SECOND, 0, 60)
    end_key, beep = reading.key("end_key", "#"), reading.flag("beep", True)
    reading.exit("next", Way.PRESSED)
    reading.exit("error", Way.PASSES)
    return Options(prompt, kind, name, most, silence, end_key, beep)


def enter(call: Call, options: Options) -> Move:
    """Say what is wanted, then record."""
    heard = options.prompt.heard(call.values) if options.prompt else ()
    if heard:
        return Stay((Play(call.token, heard, barge_in=True),), Local(_PROMPT, call.token))
    return _begin(call, options)


def _begin(call: Call, options: Options, *before: Effect) -> Stay:
    record = Record(call.token, options.kind, options.name, options.most, options.silence, options.end_key, options.beep)
    return Stay((*before, record), Local(_RECORDING, call.token), call.now + options.most + _GRACE)


def react(call: Call, options: Options, given: Input) -> Move:
    """A key ends what is said, and the end key the recording."""
    local = call.local
    if local.phase == _PROMPT:
        if isinstance(given, PlayFinished | PlayFailed) and given.token == local.token:
            return _begin(call, options)
        return _begin(call, options, StopPlay(local.token)) if isinstance(given, Digit) else call.same()
    if isinstance(given, Recorded) and given.token == local.token:
        return Leave("next", Why("recorded", (options.name, f"{given.seconds:.1f}")))
    if isinstance(given, RecordFailed) and given.token == local.token:
        return Leave("error", Why("record-failed", (given.reason,)))
    if isinstance(given, Digit) and given.digit == options.end_key:
        return Stay((StopRecord(local.token),), local, call.deadline)
    if isinstance(given, Timer):
        return Leave("error", Why("record-failed", ("timeout",)), (StopRecord(local.token),))
    return call.same()
