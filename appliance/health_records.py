"""What services say of themselves and of what they met: surprises, issues, heartbeats. Part of the vocabulary (`records.py`). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class WeirdSeen(Record):
    """A surprise on the wire, counted, with one sample."""

    subject_field = "name"
    identity_fields = ("at", "via")

    name: str
    via: str
    count: int
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueOpened(Record):
    """A health check found something, with its mend."""

    subject_field = "check"
    identity_fields = ("at",)

    check: str
    severity: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueClosed(Record):
    """A health check is satisfied again."""

    subject_field = "check"
    identity_fields = ("at",)

    check: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Record):
    """What a service last said of itself; only the newest of each service is kept."""

    subject_field = "service"

    service: str
    pid: int
    state: str
    detail: Mapping[str, Any]
