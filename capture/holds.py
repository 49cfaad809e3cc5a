"""When a side had agreed to send nothing: hold, as the session descriptions of a call tell it (RFC 3264 §8.4, RFC 2543 §B.5). Pure.

A side sends where its own description says that it does (`sendrecv`, `sendonly`) and the other's says that it would receive. What a request
offers counts from the 2xx that accepts it; what a response or an ACK says counts at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.records import Side
from capture import sdp
from capture.blocks import SipBlock
from capture.conversation import conversation
from capture.marks import FOREVER
from capture.sip import Message

Stretch = tuple[int, int]
"""From, until (ns)."""
_SENDS = frozenset({"sendrecv", "sendonly"})
_RECEIVES = frozenset({"sendrecv", "recvonly"})


@dataclass(slots=True)
class _State:
    """What both sides said last, and since when a side is silent."""

    said: dict[Side, sdp.Media] = field(default_factory=dict)
    since: dict[Side, int] = field(default_factory=dict)
    found: dict[Side, list[Stretch]] = field(default_factory=lambda: {side: [] for side in Side})

    def hear(self, side: Side, media: sdp.Media, at: int) -> None:
        self.said[side] = media
        for speaker in Side:
            silent = not self._sends(speaker)
            if silent:
                self.since.setdefault(speaker, at)
            elif speaker in self.since:
                self.found[speaker].append((self.since.pop(speaker), at))

    def _sends(self, side: Side) -> bool:
        own, other = self.said.get(side), self.said.get(side.other)
        return (own is None or own.direction in _SENDS) and (other is None or (other.direction in _RECEIVES and not other.held))


def of_signalling(blocks: Iterable[SipBlock]) -> dict[Side, list[Stretch]]:
    """When each side sent nothing, in order."""
    state = _State()
    offers: dict[tuple[str, int], tuple[Side, sdp.Media]] = {}
    for at, side, message, transaction in conversation(blocks):
        media = _audio(message)
        if message.is_request and message.method in ("INVITE", "UPDATE"):
            if media is not None:
                offers[transaction] = side, media
            continue
        if not message.is_request and 200 <= message.status < 300 and transaction in offers:
            offerer, offered = offers.pop(transaction)
            state.hear(offerer, offered, at)
        if media is not None and (message.is_request or message.status < 300):
            state.hear(side, media, at)
    for silent, since in state.since.items():
        state.found[silent].append((since, FOREVER))
    return state.found


def _audio(message: Message) -> sdp.Media | None:
    try:
        body = sdp.body_of(message.get("content-type"), message.body)
        return next((media for media in sdp.parse(body) if media.kind == "audio" and media.port), None) if body else None
    except sdp.SdpError:
        return None
