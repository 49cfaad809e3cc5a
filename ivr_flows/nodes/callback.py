"""Notes that the caller shall be called back, at the number that is shown or was keyed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.numbers import parse
from ivr_flows.effects import RequestCallback, Why
from ivr_flows.inputs import Input
from ivr_flows.model import Use, Way
from ivr_flows.reading import NAME, Reading
from ivr_flows.said import fill
from ivr_flows.state import Call, Finish, Leave, Move

EXAMPLE = '{type: callback, number: "{caller}", target: queue:support, next: thanks, no_number: ask_number}'
_KINDS = ("queue", "group", "extension")


@dataclass(frozen=True, slots=True)
class Options:
    """Which number, and who shall call it."""

    number: str
    target: str


def read(reading: Reading) -> Options:
    """Exits: next, and no_number where there is none that could be called."""
    number = reading.template("number", "{caller}")
    found = reading.scalar("target", required=True)
    target = found.value if found else ""
    kind, _, name = target.partition(":")
    if found and (kind not in _KINDS or not NAME.match(name)):
        reading.notes.add("wrong-form", found.place, name="target", wanted="target: queue:NAME")
    elif found:
        reading.facts.uses.append(Use(kind, name, found.place))
    reading.exit("next", Way.PASSES)
    reading.exit("no_number", Way.PASSES)
    return Options(number, target)


def enter(call: Call, options: Options) -> Move:
    """Note it, where the number is a public one."""
    number = parse(fill(options.number, call.values))
    if number.e164 is None:
        return Leave("no_number", Why("no-number", (number.raw,)))
    return Leave("next", Why("callback", (number.national, options.target)), (
        RequestCallback(number.national, options.target, call.values),
    ))  # fmt: skip


def react(call: Call, options: Options, given: Input) -> Move:
    """Nothing happens to a call in here."""
    return Finish("fallback", Why("broken", (options.target,)))
