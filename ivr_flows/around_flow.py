"""What lint knows besides the flow itself: the box's groups and boxes, other flows, prompts, holidays, and today. Pure.

Without a configuration at hand nothing of the box is known, and what a flow names of it can only be a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ivr_flows.holidays import SHIPPED, Holidays
from ivr_flows.model import Flow


@dataclass(frozen=True, slots=True)
class Site:
    """What the box's configuration names; the figures are how many members something has."""

    groups: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    extensions: frozenset[str] = frozenset()
    boxes: frozenset[str] = frozenset()
    conferences: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    routes: tuple[tuple[str, str], ...] = ()
    """Numbers dialled with the flow that each is sent to."""

    def has(self, kind: str, name: str) -> bool:
        """Whether there is such a thing."""
        known = {
            "group": self.groups, "queue": self.queues, "extension": self.extensions, "box": self.boxes, "voicemail": self.boxes,
            "conference": self.conferences,
        }.get(kind)  # fmt: skip
        return known is None or name in known

    def is_empty(self, kind: str, name: str) -> bool:
        """Whether nobody is in it."""
        return {"group": self.groups, "queue": self.queues}.get(kind, {}).get(name, 1) == 0


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that lint goes by."""

    today: date
    site: Site | None = None
    flows: frozenset[str] | None = None
    """Published flows; None where that is not known."""
    prompts: Mapping[str, float] | None = None
    """Sounds that there are, with their seconds; None where that is not known."""
    lengths: Mapping[str, float] = field(default_factory=dict)
    """Seconds of rendered prompts, by their keys."""
    holidays: Holidays = SHIPPED
    book: Mapping[str, Flow] = field(default_factory=dict)
    """Other published flows, into which this one may lead."""
