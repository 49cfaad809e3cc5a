"""Gives values of the call new contents; with `note` they are kept beside the call, such as the answers of a survey. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.effects import Noted, Why
from ivr_flows.inputs import Input
from ivr_flows.model import Way
from ivr_flows.reading import GIVEN, VALUE, Reading
from ivr_flows.said import fill
from ivr_flows.state import Call, Finish, Leave, Move
from ivr_flows.tree import Text

EXAMPLE = '{type: set, values: {satisfaction: "{key}"}, note: yes, next: thanks}'
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Options:
    """The values, each a text in which `{name}` stands for others."""

    values: Mapping[str, str]
    note: bool


def read(reading: Reading) -> Options:
    """Exit: next."""
    values = {}
    for key, value in reading.entries("values", required=True):
        if not isinstance(value, Text):
            reading.notes.add("wrong-form", value.place, name=f"values.{key.value}", wanted='values: {name: "…"}')
        elif not VALUE.match(key.value) or key.value in GIVEN:
            reading.notes.add("bad-name", key.place, given=key.value)
        elif (text := reading.reads(value)) is not None:
            values[key.value] = text
            reading.facts.gives.append(key.value)
    note = reading.flag("note", False)
    reading.exit("next", Way.PASSES)
    return Options(values, note)


def enter(call: Call, options: Options) -> Move:
    """Fill them in; all see the values as they were before."""
    values = {name: fill(text, call.values)[:_LONGEST] for name, text in options.values.items()}
    effects = (Noted(values),) if options.note else ()
    return Leave("next", Why("set", (", ".join(values),)), effects, values)


def react(call: Call, options: Options, given: Input) -> Move:
    """Nothing happens to a call in here."""
    return Finish("fallback", Why("broken", ("set",)))
