"""From AMI's events to the records of calls: a call is everything that Asterisk links (Linkedid), and begins with its first channel. Pure.

It rings from the moment its first channel is there (a caller in a menu is somebody who calls, too), is answered when a telephone takes
it, and ends with its last channel. Who answered is the channel that was rung: `PJSIP/201-0000000a` is the extension 201. Calls of our own
(the canary) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.config import Config
from appliance.ids import hash_id
from appliance.phone_records import PBX
from appliance.records import CallAnswered, CallEnded, CallNotRecorded, CallPlaced, CallRinging, Direction, NotRecorded, Record

_DEVICE = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}$")
_REASONS = {"16": "normal", "17": "busy", "19": "no_answer", "21": "rejected", "26": "elsewhere", "34": "congestion", "0": "normal"}
_DETAIL = "the phone system handled this call and recorded nothing of it"
MOST = 5_000
"""Calls at once; the oldest goes where an end was missed."""


@dataclass(slots=True)
class _Known:
    call: str
    began: int
    channels: set[str] = field(default_factory=set)
    answered_at: int | None = None
    trunk: bool = False


class PbxCalls:
    """Every call that Asterisk handles now."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._calls: dict[str, _Known] = {}
        self._desks = {desk.number for desk in config.phone.extensions}

    def take(self, event: Mapping[str, Any], now: int) -> Iterator[Record]:
        """The facts in this event."""
        linked = str(event.get("linkedid") or event.get("destlinkedid") or "")
        match str(event.get("event", "")):
            case "Newchannel" if linked:
                yield from self._begins(linked, event, now)
            case "DialEnd" if linked and event.get("dialstatus") == "ANSWER":
                yield from self._answered(linked, str(event.get("destchannel", "")), now)
            case "Hangup" if linked:
                yield from self._ends(linked, event, now)
            case "lost" | "FullyBooted":
                yield from self.forget(now)
            case _:
                return

    def asks_call_id(self, event: Mapping[str, Any]) -> bool:
        """Whether this is a channel whose Call-ID is worth a question: a call's first one, and those that go out over a trunk."""
        device = _device(str(event.get("channel"))) if event.get("event") == "Newchannel" else None
        first = event.get("uniqueid") == event.get("linkedid")
        return device is not None and (first or device not in self._desks)

    def forget(self, now: int) -> Iterator[Record]:
        """The connection was lost: of what was under way no end will be seen."""
        for known in self._calls.values():
            yield from self._end(known, "unknown", now, seen=False)
        self._calls.clear()

    def _begins(self, linked: str, event: Mapping[str, Any], now: int) -> Iterator[Record]:
        channel, unique = str(event.get("channel", "")), str(event.get("uniqueid", ""))
        known = self._calls.get(linked)
        if known is not None:
            known.channels.add(unique)
            if (placed := str(event.get("sipcallid", ""))) and (device := _device(channel)):
                yield CallPlaced(at=now, call=known.call, by=device, sip_call_id=placed)
            return
        device = _device(channel)
        if unique != linked or device is None:  # ours (Local/…), or a call whose beginning was not seen
            return
        known = self._calls[linked] = _Known(call_of(linked), now, {unique}, trunk=device not in self._desks)
        if len(self._calls) > MOST:
            yield from self._end(self._calls.pop(next(iter(self._calls))), "unknown", now, seen=False)
        yield self._ringing(known, device, event, now)

    def _ringing(self, known: _Known, device: str, event: Mapping[str, Any], now: int) -> CallRinging:
        caller_raw, called_raw = _digits(event.get("calleridnum")), _digits(event.get("exten"))
        caller, called = self._config.number(caller_raw), self._config.number(called_raw)
        inward = device not in self._desks
        line = self._config.line(called_raw if inward else caller_raw)
        return CallRinging(
            at=now, call=known.call, direction=str(_direction(inward, called_raw, self._desks)), caller=caller.national,
            caller_raw=caller_raw, caller_e164=caller.e164, caller_name=_name(event.get("calleridname")),
            caller_reason=None if caller_raw else "anonymous", called=called.national, called_raw=called_raw, called_e164=called.e164,
            line=line.number if line else None, start_seen=True, via=PBX, sip_call_id=str(event.get("sipcallid", "")), headers=(),
        )  # fmt: skip

    def _answered(self, linked: str, channel: str, now: int) -> Iterator[Record]:
        known = self._calls.get(linked)
        if known is not None and known.answered_at is None and (device := _device(channel)) is not None:
            known.answered_at = now
            yield CallAnswered(at=now, call=known.call, by=device if device in self._desks else "")

    def _ends(self, linked: str, event: Mapping[str, Any], now: int) -> Iterator[Record]:
        known = self._calls.get(linked)
        if known is None:
            return
        known.channels.discard(str(event.get("uniqueid", "")))
        if not known.channels:
            del self._calls[linked]
            yield from self._end(known, _REASONS.get(str(event.get("cause", "")), "normal"), now, seen=True)

    @staticmethod
    def _end(known: _Known, reason: str, now: int, *, seen: bool) -> Iterator[Record]:
        """Over, and why there is no recording; one that the phone system made replaces that when it is ready."""
        yield CallEnded(
            at=now, call=known.call, reason=reason, sip_status=None, started_at=known.began, ringing_at=known.began,
            answered_at=known.answered_at, end_seen=seen,
        )  # fmt: skip
        why = NotRecorded.NOT_ANSWERED if known.answered_at is None else NotRecorded.NO_MEDIA
        yield CallNotRecorded(at=now, call=known.call, reason=str(why), detail=_DETAIL)


def call_of(linked: str) -> str:
    """The id under which the ledger knows a call that Asterisk handles: that of its first channel."""
    return hash_id(PBX, linked)


def _device(channel: str) -> str | None:
    found = _DEVICE.match(channel)
    return found[1] if found else None


def _digits(value: object) -> str:
    return "".join(letter for letter in str(value or "") if letter in "0123456789+*#")


def _name(value: object) -> str:
    text = str(value or "")
    return "" if text == "<unknown>" else text


def _direction(inward: bool, called: str, desks: set[str]) -> Direction:
    if inward:
        return Direction.INBOUND
    return Direction.INTERNAL if called in desks else Direction.OUTBOUND
