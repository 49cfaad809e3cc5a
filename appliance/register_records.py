"""The part of the vocabulary (`records.py`) that speaks of who asked to hear or copy a recording, and who allowed it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAsked(Record):
    """Somebody wants to hear a recording, or to take a copy, and says why."""

    subject_field = "recording"
    identity_fields = ("request",)

    recording: str
    request: str
    who: str
    what: str
    """`listen` or `copy`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDecided(Record):
    """Somebody else allowed it for a while, or did not."""

    subject_field = "recording"
    identity_fields = ("request",)

    recording: str
    request: str
    who: str
    granted: bool
    until: int
