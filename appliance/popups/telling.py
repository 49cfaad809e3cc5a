"""What is told to the office's own systems of a call, made of what is known at that moment: what was erased meanwhile is not told."""

from __future__ import annotations

from typing import Any

from appliance.calls import Call
from appliance.config import Config
from appliance.ledger import Ledger
from appliance.lookup import get_call
from appliance.moments import isoformat
from appliance.popups import desk
from appliance.popups.cards import line_name, other_party, state_of
from appliance.popups.known import Event, caller_of
from appliance.records import CallAnswered, CallEnded, CallNoted, CallRinging, CallTaken, Record, TieReason

WHAT: dict[type[Record], str] = {
    CallRinging: "ringing", CallAnswered: "answered", CallEnded: "ended", CallTaken: "taken", CallNoted: "noted",
}  # fmt: skip
"""The rows that are told of, and as what."""


def event(ledger: Ledger, config: Config, name: str, what: str, call: str, at: int) -> Event | None:
    """The event as it is told now; None where there is no such call any more, or nothing of it may be told."""
    found = get_call(ledger.connection, call)
    if found is None or found.caller_reason == "erased" or found.tied_by == TieReason.PBX:  # a tap saw it, and that is told
        return None
    number, _ = other_party(found)
    note = desk.note_of(ledger.connection, call)
    said = {"taken_by": note.taken_by, "memo": note.memo, "follow_up": note.follow_up}
    values = {**_facts(found, config), **said, "at": isoformat(at, config.site.zone)}
    values["local_time"] = isoformat(found.started_at, config.site.zone)[:16].replace("T", " ")
    return Event(name, what, at, values, caller_of(config.number(number)) if number else None)


def _facts(call: Call, config: Config) -> dict[str, Any]:
    zone = config.site.zone
    moments = {
        "started_at": call.started_at, "answered_at": call.answered_at, "ended_at": call.ended_at,
    }  # fmt: skip
    return {
        "call": call.id, "state": state_of(call), "direction": call.direction, "site": config.site.name,
        "caller": call.caller, "caller_e164": call.caller_e164, "caller_name": call.caller_name, "caller_reason": call.caller_reason,
        "called": call.called, "called_e164": call.called_e164, "line": call.line, "line_name": line_name(call.line, config),
        "end_reason": call.end_reason, **{name: at and isoformat(at, zone) for name, at in moments.items()},
    }  # fmt: skip
