"""The part of the vocabulary (`records.py`) that speaks of what the telephone system does. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.record import Record

PBX = "pbx"
"""`CallRinging.via` of calls that the telephone system tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced(Record):
    """The telephone system sent this call on over a trunk, as a call of its own on the wire."""

    identity_fields = ("sip_call_id",)

    call: str
    by: str
    """The trunk, as Asterisk calls it."""
    sip_call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersKept(Record):
    """What a flow keeps of a caller, such as the answers of a survey."""

    identity_fields = ("at",)

    call: str
    flow: str
    revision: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageExpired(Record):
    """A voicemail message is gone, by which rule."""

    subject_field = "message"
    identity_fields = ("left_at",)

    message: str
    """The box and Asterisk's own id of the message."""
    box: str
    left_at: int
    rule: str
