"""The part of the vocabulary (`records.py`) that speaks of people at the telephone. What they wrote is not in it: that may have to go.
Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTaken(Record):
    """Somebody says that they answered this call."""

    identity_fields = ("at", "who")

    call: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNoted(Record):
    """Somebody wrote a memo on this call, or said what is still to be done about it."""

    identity_fields = ("at", "who", "follow_up")

    call: str
    who: str
    follow_up: str
    """`open`, `done`, or "" where nothing is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLinked(Record):
    """The other party of this call was entered in the customer book."""

    identity_fields = ("at", "who")

    call: str
    customer: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnriched(Record):
    """One of the office's own systems said who the other party of this call is; what it said is not in here."""

    identity_fields = ("at", "source")

    call: str
    source: str
    """The integration's name."""
