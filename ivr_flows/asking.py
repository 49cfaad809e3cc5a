"""What every node that asks the caller for keys does: say it, let keys barge in, wait, and count silence and wrong keys apart. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.effects import Effect, Play, StopPlay, Why
from ivr_flows.inputs import Input, PlayFailed, PlayFinished
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Local, Move, Stay

PLAYING, WAITING = "playing", "waiting"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens when the caller does nothing, or presses what is not offered: how often it is borne, and what is said first."""

    tries: int = 2
    say: Prompt | None = None


ONCE_MORE = Trouble()


def read_trouble(reading: Reading, name: str, way: Way, *, required: bool = True) -> Trouble:
    """`no_input: {tries: 2, then: NODE, say: …}`, whose exit has the setting's name."""
    if not reading.has(name) and not required:
        return Trouble()
    place = reading.key_place(name)
    below = reading.below(name)
    if below is None:
        reading.notes.add("outcome-without-next", place, node=reading.where, outcome=name)
        return Trouble()
    tries = below.number("tries", 2, 1, 10)
    say = below.prompt(required=False)
    below.exit("then", way, outcome=name)
    below.finish()
    return Trouble(tries, say)


def ask(
    call: Call, prompt: Prompt | None, local: Local, *, first: Prompt | None = None, stop: bool = False, again: bool = True
) -> Stay:
    """Say it, after something else; where there is nothing to say the waiting begins at once, when the playback is told to be over."""
    heard = tuple(sound for one in (first, prompt) if one is not None for sound in one.heard(call.values))
    effects: tuple[Effect, ...] = (StopPlay(local.token),) if stop else ()
    return Stay(
        (*effects, Play(call.token, heard, barge_in=True)),
        Local(PLAYING, call.token, "", local.silent, local.wrong),
        None,
        again,
    )


def wait(call: Call, timeout: int, digits: str = "", *, stop: bool = False) -> Stay:
    """Nothing is said any more; the caller has this long."""
    local = call.local
    effects = (StopPlay(local.token),) if stop else ()
    return Stay(effects, Local(WAITING, local.token, digits, local.silent, local.wrong), call.now + timeout)


def is_said(call: Call, given: Input) -> bool:
    """Whether what is being said is over."""
    return isinstance(given, PlayFinished | PlayFailed) and call.local.phase == PLAYING and given.token == call.local.token


def silence(call: Call, trouble: Trouble, prompt: Prompt | None) -> Move:
    """The caller did nothing: once more, or on."""
    local = call.local
    count = local.silent + 1
    if count >= trouble.tries:
        return Leave("no_input", Why("silent", (str(count),)))
    return ask(call, prompt, Local(silent=count, wrong=local.wrong), first=trouble.say)


def wrong(call: Call, trouble: Trouble, prompt: Prompt | None, pressed: str) -> Move:
    """The caller pressed what is not offered: once more, or on."""
    local, stop = call.local, call.local.phase == PLAYING
    count = local.wrong + 1
    if count >= trouble.tries:
        effects = (StopPlay(local.token),) if stop else ()
        return Leave("wrong_key", Why("wrong", (pressed, str(count))), effects)
    return ask(call, prompt, Local("", local.token, "", local.silent, count), first=trouble.say, stop=stop)
