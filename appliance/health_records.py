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
    what_ja: str = ""
    mend_ja: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLost(Record):
    """The box went down without being told to, and is up again."""

    subject_field = "serial"
    identity_fields = ("last_sign",)

    serial: str
    last_sign: int
    """The last that was heard of it before."""
    booted_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent(Record):
    """Somebody was told of a trouble, of its end, or of how the day went."""

    subject_field = "channel"
    identity_fields = ("notice",)

    channel: str
    notice: str
    event: str
    """`opened`, `reminded`, `resolved`, `summary` or `test`."""
