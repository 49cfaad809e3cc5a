"""Conversations written as playbooks: SIP messages of one call, a stage that hears them, and what follows told in words."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from appliance.config import Config
from appliance.moments import SECOND
from appliance.records import CallAnswered, CallEnded, CallRinging, LegTied, Side
from capture import sip
from capture.effects import Close, Effect, Emit, Exclude, Hush, Keep, KeepReport, Secrecy, Shun, Watch, Weird
from capture.frames import Address
from capture.tracker import Tracker

CALLER = Address(b"\xc6\x33\x64\x0a", 5060)
"""198.51.100.10, the trunk."""
CALLED = Address(b"\xc0\x00\x02\x0a", 5060)
"""192.0.2.10, the office."""
ADDRESSES = {Side.CALLER: CALLER, Side.CALLED: CALLED}
START = 1_790_000_000 * SECOND
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 486: "Busy Here", 487: "Request Terminated"}


def config(**parts: Any) -> Config:
    """A configuration with these parts of its tree."""
    return Config.model_validate(parts)


def office(**parts: Any) -> Config:
    """The same, with the line that `Call` calls."""
    return config(lines=[{"number": "0312345678"}], **parts)


def sdp(
    host: str = "198.51.100.10",
    port: int = 4000,
    *lines: str,
    protocol: str = "RTP/AVP",
    formats: str = "0 101",
    kind: str = "audio",
) -> str:
    """A session description with one section."""
    version = "6" if ":" in host else "4"
    head = [
        "v=0",
        f"o=- 1 1 IN IP{version} {host}",
        "s=-",
        f"c=IN IP{version} {host}",
        "t=0 0",
        f"m={kind} {port} {protocol} {formats}",
    ]
    return "".join(line + "\r\n" for line in (*head, *lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call's names; its methods write its messages."""

    call_id: str = "a84b4c76e66710@pbx"
    caller: str = '"Takahashi" <sip:09012345678@ntt.example>'
    called: str = "<sip:0312345678@ntt.example>"
    target: str = "sip:0312345678@192.0.2.10"
    caller_tag: str = "caller"
    called_tag: str = "called"
    extra: tuple[str, ...] = ()
    """Header lines of every message."""

    def request(
        self, method: str, body: str = "", *, by: Side = Side.CALLER, sequence: int = 1, within: bool = True, branch: str = "",
        extra: Iterable[str] = (), content: str = "application/sdp",
    ) -> bytes:  # fmt: skip
        """A request; `within` the dialog it carries both tags."""
        mine, theirs = f"{self.caller};tag={self.caller_tag}", self.called + (f";tag={self.called_tag}" if within else "")
        if by is Side.CALLED:
            mine, theirs = theirs, mine
        return self._message(f"{method} {self.target} SIP/2.0", mine, theirs, f"{sequence} {method}", body, branch, content, extra)

    def invite(self, body: str = "", **how: Any) -> bytes:
        """The INVITE that begins it."""
        return self.request("INVITE", body, **{"within": False, **how})

    def response(
        self, status: int, body: str = "", *, to: str = "INVITE", sequence: int = 1, by: Side = Side.CALLED, tag: str | None = None,
        branch: str = "", extra: Iterable[str] = (), content: str = "application/sdp",
    ) -> bytes:  # fmt: skip
        """A response `by` this side; `tag` is the responder's, the call's own where none is given."""
        tags = {Side.CALLER: self.caller_tag, Side.CALLED: self.called_tag}
        tags[by] = tags[by] if tag is None else tag
        ends = {side: name + (f";tag={tags[side]}" if tags[side] else "") for side, name in self._names().items()}
        start = f"SIP/2.0 {status} {REASONS.get(status, 'Whatever')}"
        return self._message(start, ends[by.other], ends[by], f"{sequence} {to}", body, branch, content, extra)

    def _names(self) -> dict[Side, str]:
        return {Side.CALLER: self.caller, Side.CALLED: self.called}

    def _message(
        self, start: str, sender: str, to: str, sequence: str, body: str, branch: str, content: str, extra: Iterable[str]
    ) -> bytes:
        number, method = sequence.split()
        branch = branch or f"{number}-{'INVITE' if method in ('ACK', 'CANCEL') else method}"
        lines = [
            start, f"Via: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bK-{branch}", f"From: {sender}", f"To: {to}",
            f"Call-ID: {self.call_id}", f"CSeq: {sequence}", *self.extra, *extra,
        ]  # fmt: skip
        if body:
            lines.append(f"Content-Type: {content}")
        raw = body.encode()
        return "\r\n".join([*lines, f"Content-Length: {len(raw)}", "", ""]).encode() + raw


class Stage:
    """A tracker that hears messages, 20 ms apart, and whose effects are told in words."""

    def __init__(self, told: Config | None = None) -> None:
        self.tracker = Tracker(told or office(), "stage")
        self.now = START
        self.effects: list[Effect] = []
        """Everything so far."""

    def hears(self, data: bytes, *, by: Side = Side.CALLER, to: Address | None = None, source: Address | None = None) -> list[str]:
        """One message from this side; what follows."""
        self.now += SECOND // 50
        ends = source or ADDRESSES[by], to or ADDRESSES[by.other]
        return self._take(self.tracker.receive(sip.parse(data), *ends, self.now, self.now))

    def waits(self, seconds: float) -> list[str]:
        """Time passes, with a tick every second; what follows."""
        told, end = [], self.now + round(seconds * SECOND)
        while self.now < end:
            self.now = min(end, self.now + SECOND)
            told += self._take(self.tracker.tick(self.now))
        return told

    def ends(self, reason: str = "end_not_seen") -> list[str]:
        """The capture is over."""
        return self._take(self.tracker.finish(reason))

    def all(self, kind: type[Any]) -> list[Any]:
        """Every record or effect of this kind so far."""
        things = [effect.record if isinstance(effect, Emit) else effect for effect in self.effects]
        return [thing for thing in things if isinstance(thing, kind)]

    def last(self, kind: type[Any]) -> Any:
        """The newest record or effect of this kind."""
        return self.all(kind)[-1]

    def _take(self, effects: list[Effect]) -> list[str]:
        self.effects += effects
        return [words for effect in effects if (words := tell(effect))]


def tell(effect: Effect) -> str:
    """An effect in words; "" for messages that are put on the spool and for what is said of SRTP."""
    if isinstance(effect, (Keep, KeepReport, Secrecy, Shun)):
        return ""
    if isinstance(effect, Watch):
        return f"watch {effect.side.value} {effect.address}"
    if isinstance(effect, Weird):
        return f"weird {effect.name}"
    if isinstance(effect, Close):
        return "close"
    if isinstance(effect, Exclude):
        return "exclude"
    if isinstance(effect, Hush):
        return "pause" if effect.mark.paused else "resume"
    record = effect.record
    if isinstance(record, CallRinging):
        return f"ringing {record.direction}"
    if isinstance(record, CallAnswered):
        return "answered"
    if isinstance(record, LegTied):
        return f"tied {record.why}{' swapped' if record.swapped else ''}"
    assert isinstance(record, CallEnded)
    return f"ended {record.reason}"


CALL = Call()
OFFER, ANSWER = sdp("198.51.100.10", 4000), sdp("192.0.2.10", 6000)
WATCH_CALLER, WATCH_CALLED = "watch caller 198.51.100.10:4000", "watch called 192.0.2.10:6000"
BACK = Side.CALLED


def answered(stage: Stage, call: Call = CALL) -> None:
    """An ordinary call up to its ACK."""
    assert stage.hears(call.invite(OFFER)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(call.response(100), by=BACK) == []
    assert stage.hears(call.response(180), by=BACK) == []
    assert stage.hears(call.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.hears(call.request("ACK")) == []


def rtp(sequence: int, *, ssrc: int = 1, payload_type: int = 0, timestamp: int | None = None, payload: bytes = bytes(160)) -> bytes:
    """An RTP packet; its timestamp is that of 20 ms packets at 8 kHz where none is given."""
    stamp = sequence * 160 if timestamp is None else timestamp
    return struct.pack(">BBHII", 0x80, payload_type, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc) + payload


def frame(source: Address, destination: Address, payload: bytes, *, tags: Iterable[int] = ()) -> bytes:
    """A UDP datagram in an Ethernet frame, IPv4 or IPv6, within these VLANs."""
    udp = struct.pack(">HHHH", source.port, destination.port, 8 + len(payload), 0) + payload
    link = bytes(12) + b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
    if len(source.host) == 4:
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source.host, destination.host)
        return link + b"\x08\x00" + head + udp
    return link + b"\x86\xdd" + struct.pack(">IHBB16s16s", 6 << 28, len(udp), 17, 64, source.host, destination.host) + udp
