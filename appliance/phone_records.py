"""The part of the vocabulary (`records.py`) that speaks of what the telephone system does. Pure."""

from __future__ import annotations

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
