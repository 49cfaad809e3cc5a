"""A flow as the engine walks it: nodes, the exits of each, calendars, limits and the flow's own tests. Pure.

A flow is read once and never changes; a call keeps the one that it began with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from appliance.moments import SECOND
from ivr_flows.calendars import Calendar
from ivr_flows.said import Prompt
from ivr_flows.tree import TOP, Place

HANGUP, REPEAT, BACK = "hangup", "repeat", "back"
RESERVED = (HANGUP, REPEAT, BACK)
"""Targets that need no node: the end, the same menu again, the menu before."""
RINGS = ("group", "extension", "queue", "voicemail")
"""What a fallback may ring."""


class Way(Enum):
    """What has to happen that a caller leaves by an exit; the checks for loops ask."""

    PASSES = "at once"
    SILENCE = "the caller does nothing"
    PRESSED = "the caller presses or speaks"
    PEOPLE = "somebody was rung"


@dataclass(frozen=True, slots=True)
class Exit:
    """One outcome of a node, and the node that comes next."""

    outcome: str
    target: str | None
    place: Place
    way: Way
    label: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Something of the box's (or of other flows) that a node names: kind and name."""

    kind: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a flow. `options` are its type's own."""

    name: str
    type: str
    options: Any
    place: Place
    exits: Mapping[str, Exit]
    uses: tuple[Use, ...] = ()
    prompts: tuple[tuple[Prompt, Place], ...] = ()
    gives: tuple[str, ...] = ()
    """Values that it sets."""
    asks: tuple[tuple[str, Place], ...] = ()
    """Values that it reads."""
    ends: bool = False
    """Whether a call may end in it."""

    def next(self, outcome: str) -> str | None:
        """The name of the node behind this outcome."""
        found = self.exits.get(outcome)
        return found.target if found else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What no call exceeds: time in the flow (not in conversations) and nodes."""

    time: int = 10 * 60 * SECOND
    steps: int = 60


@dataclass(frozen=True, slots=True)
class Target:
    """Something that rings, spelled `kind:name`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Story:
    """What a call brings along in a simulation."""

    at: str
    caller: str = ""
    called: str = ""
    keys: tuple[str, ...] = ()
    """Separate presses; an empty one is a moment in which the caller does nothing."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """What becomes of ringing at these nodes; otherwise somebody answers."""
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What look-ups at these nodes bring; otherwise they fail."""
    switches: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowTest:
    """One test of the flow's own: a story, and what must come of it."""

    name: str
    story: Story
    path: tuple[str, ...] | None
    end: str | None
    rings: tuple[str, ...] | None
    heard: tuple[str, ...]
    """Each must be part of something that is heard."""
    place: Place = TOP


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow."""

    name: str
    title: str
    language: str
    start: str
    fallback: Target | None
    limits: Limits
    calendars: Mapping[str, Calendar]
    hosts: tuple[str, ...]
    nodes: Mapping[str, Node]
    tests: tuple[FlowTest, ...]
    place: Place = TOP
    fallback_place: Place = TOP
