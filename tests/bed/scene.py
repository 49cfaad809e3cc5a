"""A call as it would stand on a mirror: signalling and speech at their moments, as frames that a case may then wrap, cut or double."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from appliance.moments import SECOND
from appliance.records import Side
from capture.frames import LINK_ETHERNET, Address
from capture.payloads import Encoding
from capture.pcapfile import Captured
from tests.bed.coders import CODERS
from tests.capture.playbook import CALLED, CALLER, START, Call, frame, rtp, sdp

HZ = {Side.CALLER: 440, Side.CALLED: 1000}
"""What each side says: a tone, so that a listener knows who is heard."""
MUSIC_HZ = 700
PHONE, DESK = Address(CALLER.host, 4000), Address(CALLED.host, 6000)
TALK = 1.2
"""Seconds, unless a case needs more."""
PCMU = Encoding("PCMU", 8000)


@cache
def sound(encoding: Encoding, hz: int, seconds: float) -> tuple[bytes, ...]:
    """A tone as payloads, by encoders that are not ours."""
    rate, code = CODERS[encoding]
    samples = (8000 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.int16)
    return tuple(code(samples))


@dataclass(slots=True)
class Scene:
    """Frames, in any order of making."""

    call: Call = field(default_factory=Call)
    ends: tuple[Address, Address] = (CALLER, CALLED)
    """Who signals."""
    carry: Callable[[Address, Address, bytes], list[bytes]] = lambda source, destination, data: [frame(source, destination, data)]
    """Puts a SIP message into frames."""
    made: list[Captured] = field(default_factory=list)

    def tell(self, at: float, data: bytes, *, by: Side = Side.CALLER) -> None:
        """A SIP message."""
        ends = self.ends if by is Side.CALLER else self.ends[::-1]
        for place, one in enumerate(self.carry(*ends, data)):
            self.put(at, one, place * 50_000)

    def put(self, at: float, data: bytes, behind: int = 0, link: int = LINK_ETHERNET) -> None:
        """A frame."""
        self.made.append(Captured(link, data, START + round(at * SECOND) + behind))

    def begin(self, offer: str = "", answer: str = "", **how: Any) -> None:
        """It rings at 0.1 s and is answered at 0.5 s."""
        self.tell(0.0, self.call.invite(offer or sdp("198.51.100.10", 4000), **how))
        self.tell(0.1, self.call.response(180), by=Side.CALLED)
        self.tell(0.5, self.call.response(200, answer or sdp("192.0.2.10", 6000)), by=Side.CALLED)
        self.tell(0.51, self.call.request("ACK"))

    def end(self, at: float = 0.55 + TALK, sequence: int = 2) -> None:
        """The caller hangs up."""
        self.tell(at, self.call.request("BYE", sequence=sequence))
        self.tell(at + 0.01, self.call.response(200, to="BYE", sequence=sequence), by=Side.CALLED)

    def speak(
        self, side: Side, at: float = 0.53, seconds: float = TALK, *, hz: int = 0, encoding: Encoding = PCMU, payload_type: int = 0,
        source: Address | None = None, to: Address | None = None, ssrc: int = 0, first: int = 1, later: int = 0,
        skip: Collection[int] = (), protect: Callable[[bytes], bytes] = bytes,
    ) -> None:  # fmt: skip
        """A stream of RTP from this side, whose sequence numbers begin with `first` and whose timestamps are `later` packets ahead of them;
        packets in `skip` are sent and lost."""
        payloads: Sequence[bytes] = sound(encoding, hz or HZ[side], seconds)
        step = 160 if encoding.name == "L16" else encoding.clock * (30 if encoding.name == "G723" else 20) // 1000
        ends = (PHONE, DESK) if side is Side.CALLER else (DESK, PHONE)
        for place, payload in enumerate(payloads):
            packet = protect(rtp(first + place, ssrc=ssrc or (1 if side is Side.CALLER else 2), payload_type=payload_type,
                                 timestamp=(first + later + place) * step, payload=payload))  # fmt: skip
            if place not in skip and payload:
                self.put(at + place * step / encoding.clock, frame(source or ends[0], to or ends[1], packet))

    def press(self, at: float, key: int, *, first: int, later: int = 0, ssrc: int = 1) -> None:
        """A key as telephone event (RFC 4733): four packets, three of them its end, all of one timestamp."""
        for place, length in enumerate((160, 480, 480, 480)):
            payload = struct.pack(">BBH", key, 0x0A | (0x80 if place else 0), length)
            packet = rtp(first + place, ssrc=ssrc, payload_type=101, timestamp=(first + later) * 160, payload=payload)
            self.put(at + place * 0.02, frame(PHONE, DESK, packet))

    def frames(self) -> list[Captured]:
        """All of them, in the order of time."""
        return sorted(self.made, key=lambda captured: captured.at)


def plain() -> Scene:
    """An answered call, both sides speak."""
    scene = Scene()
    scene.begin()
    for side in Side:
        scene.speak(side)
    scene.end()
    return scene
