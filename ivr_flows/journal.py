"""A call as it happened, one line an input, and the same engine walking it again: why did this caller land there? Pure.

A line is JSON: `{"at": nanoseconds, "input": "Digit", "digit": "1", "duration_ms": 80}`. What the flow's revision, the switches and the
holidays were is handed in, so that a replay says what happened then, and with another revision what would have happened. A journal holds
the keys that were pressed: whoever keeps one keeps those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import get_args

from ivr_flows.engine import step
from ivr_flows.inputs import Input
from ivr_flows.simulator import Walk
from ivr_flows.state import Around, State

_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Input)}
_FORMS: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "Mapping[str, str]": dict}


class JournalError(ValueError):
    """A line that is no input of a call."""


def line(at: int, given: Input) -> str:
    """One input as a line."""
    return json.dumps({"at": at, "input": type(given).__name__, **asdict(given)}, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> tuple[int, Input]:
    """The moment and the input of a line. Raises JournalError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JournalError(f"no JSON: {text[:40]!r}") from error
    kind = _KINDS.get(found.get("input", "")) if isinstance(found, dict) and isinstance(found.get("input", ""), str) else None
    if kind is None or not isinstance(found.get("at"), int):
        raise JournalError(f"no input of a call: {text[:40]!r}")
    values = {}
    for field in fields(kind):
        if field.name in found:
            if not isinstance(found[field.name], _FORMS[str(field.type)]) or isinstance(found[field.name], bool):
                raise JournalError(f"{kind.__name__}: {field.name} has the wrong form")
            values[field.name] = found[field.name]
    try:
        return found["at"], kind(**values)
    except TypeError as error:
        raise JournalError(f"{kind.__name__}: something is missing") from error


def replay(around: Around, flow: str, lines: Iterable[str]) -> Walk:
    """Walk the call again. Raises JournalError."""
    state, walk = State(flow=flow), Walk()
    for text in lines:
        if text.strip():
            at, given = read(text)
            state, effects = step(around, state, given, at)
            for effect in effects:
                walk.note(effect, at, around)
    return walk
