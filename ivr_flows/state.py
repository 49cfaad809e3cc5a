"""Where a call is in its flow, and what a node may answer when something happens to it. Pure.

A node sees a `Call` (the state, and what is around it) and gives back one of four moves. It holds nothing itself: what it has to remember
of this call is the state's `local`, which is gone when the call leaves the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

from ivr_flows.effects import Effect, Why
from ivr_flows.holidays import SHIPPED, Holidays
from ivr_flows.inputs import Input
from ivr_flows.model import Flow, Node
from ivr_flows.reading import Reading


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds every call: the flows (by name, the revisions of the moment), the zone, holidays and day/night switches."""

    book: Mapping[str, Flow]
    zone: tzinfo
    holidays: Holidays = SHIPPED
    switches: Mapping[str, str] = field(default_factory=dict)
    """open, closed or auto, by the switch's name."""


@dataclass(frozen=True, slots=True)
class Local:
    """What a node remembers while the call is in it."""

    phase: str = ""
    token: int = 0
    digits: str = ""
    silent: int = 0
    wrong: int = 0


NOTHING = Local()


@dataclass(frozen=True, slots=True)
class State:
    """One call. `State(flow=NAME)` is one that has not begun."""

    flow: str
    node: str = ""
    local: Local = NOTHING
    deadline: int | None = None
    limit: int = 0
    """When the flow's time is over."""
    steps: int = 0
    tokens: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    menus: tuple[tuple[str, str], ...] = ()
    """Menus behind which the call is, the last one where it is; `back` returns to the one before."""
    away: int | None = None
    """Since when the dialplan has the call."""
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """What a node is shown."""

    around: Around
    flow: Flow
    node: Node
    local: Local
    values: Mapping[str, str]
    deadline: int | None
    now: int
    token: int
    """For the one playback, look-up or recording that this move may begin."""

    def same(self) -> Stay:
        """Nothing changes."""
        return Stay(local=self.local, deadline=self.deadline)


@dataclass(frozen=True, slots=True)
class Stay:
    """The call stays in this node until something happens, at the latest at the deadline."""

    effects: tuple[Effect, ...] = ()
    local: Local = NOTHING
    deadline: int | None = None
    again: bool = False
    """Whether what was said is said again, which counts as a step."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The call leaves by this outcome, with values that it gained."""

    outcome: str
    why: Why
    effects: tuple[Effect, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finish:
    """The flow ends here."""

    end: str
    why: Why
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Jump:
    """The call goes on in another flow, at its start or at a node."""

    flow: str
    node: str
    why: Why


Move = Stay | Leave | Finish | Jump


class NodeType(Protocol):
    """What a file of `nodes/` offers."""

    EXAMPLE: str
    """A node of this type as YAML, for the documentation and the conformance suite."""

    def read(self, reading: Reading) -> Any:
        """The options; faults are noted in the reading."""

    def enter(self, call: Call, options: Any) -> Move:
        """The call comes in."""

    def react(self, call: Call, options: Any, given: Input) -> Move:
        """Something happened to a call that stays in the node."""
