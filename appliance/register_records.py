"""The part of the vocabulary (`records.py`) that the register is made of: who heard, took and changed, asked and allowed. Pure."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened(Record):
    """Somebody heard a recording."""

    subject_field = "recording"
    identity_fields = ("at", "who")

    recording: str
    who: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Record):
    """Somebody took a copy away."""

    subject_field = "recording"
    identity_fields = ("at", "who")

    recording: str
    who: str
    what: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Record):
    """Somebody altered something."""

    subject_field = "thing"
    identity_fields = ("at", "who", "what")

    thing: str
    who: str
    what: str
    why: str
