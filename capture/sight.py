"""What a mirror port carries, seen as a technician looks for it: both directions, tags, tunnels, telephones, codecs, what is dark. Pure.

`frame` takes frames in, `facts` gives figures with stable keys, `findings` says what is wrong and how it is mended. Nothing is kept of
what is said: only headers are looked at. Tables are bounded; what does not fit is counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from appliance.moments import SECOND
from capture import sccp, sdp, sip
from capture.dark import Tls
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError, Segment, host_text
from capture.payloads import STATIC
from capture.rtp import looks_like_rtp
from capture.tcp import Streams
from capture.timeline import MAX_DROPOUT, MAX_MISORDER

READABLE = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM")
"""Suites of SRTP that `srtp.py` opens."""
TWICE_WITHIN = SECOND // 20
"""The same message later than this is sent again, not mirrored twice."""
MOST = 5000
"""Entries of each table."""
STEADY = 5
"""Packets that follow one another, from which on something that looks like RTP is believed to be it."""
_TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
_LATELY = 256
FEW = 0.2
MANY = 0.3


class Finding(NamedTuple):
    """Something that keeps calls from being recorded, or costs."""

    severity: str
    """`error` or `warning`."""
    what: str
    mend: str


@dataclass(slots=True)
class _Stream:
    source: Address
    destination: Address
    ssrc: int
    payload_types: Counter[int] = field(default_factory=Counter)
    packets: int = 0
    twice: int = 0
    steady: int = 0
    sequence: int = -1
    gaps: int = 0

    def add(self, packet: bytes) -> None:
        sequence = packet[2] << 8 | packet[3]
        step = (sequence - self.sequence) & 0xFFFF
        if not step and self.sequence >= 0:
            self.twice += 1
            return
        self.packets += 1
        self.payload_types[packet[1] & 127] += 1
        if self.sequence < 0 or MAX_DROPOUT < step < 0x10000 - MAX_MISORDER:  # the sender begins (anew)
            self.sequence = sequence
        elif step < 0x8000:
            self.gaps += step - 1
            self.steady += step < 50
            self.sequence = sequence
        else:
            self.gaps -= 1  # it only came late

    @property
    def lost(self) -> int:
        return max(0, self.gaps)

    @property
    def to_a_group(self) -> bool:
        """Whether it goes to a multicast address: paging, television; nobody answers there."""
        host = self.destination.host
        return host[0] >> 4 == 14 if len(host) == 4 else host[0] == 0xFF


@dataclass(slots=True)
class _Dark:
    """TLS between two hosts."""

    name: str
    connections: int = 0
    server: str = ""


_DARK = {
    "sip-tls-dark": "Signalling",
    "sip-wss-dark": "What is probably signalling over WebSocket",
    "sccp-tls-dark": "Skinny signalling",
}


class Sight:
    """Everything seen so far."""

    def __init__(self) -> None:
        self.frames = 0
        self.first = self.last = 0
        self._cast = 0
        self._vlans: Counter[str] = Counter()
        self._damaged: Counter[str] = Counter()
        self._peers: dict[tuple[str, str], int] = {}
        self._calls: dict[str, bool] = {}
        self._lately: deque[tuple[int, int]] = deque(maxlen=_LATELY)
        self._sip = self._sip_twice = 0
        self._names: dict[tuple[Address, int], str] = {}
        self._dark_calls: set[str] = set()
        self._tls = Tls()
        self._unread: dict[tuple[str, str], _Dark] = {}
        self._tcp = Streams()
        self._skinny: dict[tuple[str, str], int] = {}
        self._streams: dict[tuple[Address, Address, int], _Stream] = {}
        self._beyond = 0
        self._dissector = Dissector()

    def frame(self, link: int, frame: bytes, at: int) -> None:
        """One frame, captured `at` (ns)."""
        self.frames += 1
        self.first = self.first or at
        self.last = max(self.last, at)
        if link == LINK_ETHERNET and len(frame) >= 14:
            self._cast += frame[0] & 1
            self._vlans[_tags(frame)] += 1
        try:
            found = self._dissector.dissect(link, frame, at)
        except FrameError as error:
            self._damaged[error.name] += 1
            return
        if isinstance(found, Datagram):
            self._datagram(found, at)
        elif isinstance(found, Segment) and found.payload:
            self._segment(found, at)

    def _datagram(self, datagram: Datagram, at: int) -> None:
        payload = datagram.payload
        if looks_like_rtp(payload):
            key = (datagram.source, datagram.destination, int.from_bytes(payload[8:12], "big"))
            stream = self._streams.get(key)
            if stream is None:
                if len(self._streams) >= MOST:  # what never became a stream makes room
                    self._streams = {kept: one for kept, one in self._streams.items() if one.steady >= STEADY}
                if not self._fits(self._streams):
                    return
                stream = self._streams[key] = _Stream(*key)
            stream.add(payload)
        elif sip.looks_like_sip(payload):
            self._message(payload, datagram.source, datagram.destination, at)

    def _segment(self, segment: Segment, at: int) -> None:
        ends = (host_text(segment.source.host), host_text(segment.destination.host))
        if sip.looks_like_sip(segment.payload):
            self._message(segment.payload, segment.source, segment.destination, at)
            return
        for framed in self._tcp.segment(segment, at):  # what a segment does not begin with: the rest of a message, or WebSocket
            if sccp.is_whole(framed.data):
                if ends in self._skinny or self._fits(self._skinny):
                    self._skinny[ends] = self._skinny.get(ends, 0) + 1
            else:
                self._message(framed.data, framed.source, framed.destination, at)
        if (found := self._tls.segment(segment)) is not None and self._fits(self._unread):
            dark = self._unread.setdefault((min(ends), max(ends)), _Dark(found.name))
            dark.connections += 1
            dark.server = dark.server or found.server

    def _message(self, raw: bytes, source: Address, destination: Address, at: int) -> None:
        mark = hash((source, destination, raw))
        if any(mark == other and at - before < TWICE_WITHIN for other, before in self._lately):
            self._sip_twice += 1
            return
        self._lately.append((mark, at))
        try:
            message = sip.parse(raw)
        except sip.SipError as error:
            self._damaged[error.name] += 1
            return
        self._sip += 1
        self._tls.speaks(source, destination)
        ends = (host_text(source.host), host_text(destination.host))
        if ends in self._peers or self._fits(self._peers):
            self._peers[ends] = self._peers.get(ends, 0) + 1
        call = message.call_id
        if message.is_request and message.method == "INVITE" and (call in self._calls or self._fits(self._calls)):
            self._calls.setdefault(call, False)
        elif message.method == "INVITE" and 200 <= message.status < 300 and call in self._calls:
            self._calls[call] = True
        self._describe(message)

    def _describe(self, message: sip.Message) -> None:
        body = sdp.body_of(message.get("content-type"), message.body) if message.body else b""
        try:
            sections = sdp.parse(body) if body else ()
        except sdp.SdpError:
            self._damaged["sdp-damaged"] += 1
            return
        for media in sections:
            if media.kind != "audio" or not media.host or not media.port:
                continue
            usable = any(key.suite in READABLE for key in media.keys)
            if media.encrypted and not usable and (message.call_id in self._dark_calls or self._fits(self._dark_calls)):
                self._dark_calls.add(message.call_id)
            for number, encoding in media.encodings.items():
                if self._fits(self._names):
                    self._names[(Address(media.host, media.port), number)] = encoding.name

    def _fits(self, table: Any) -> bool:
        if len(table) < MOST:
            return True
        self._beyond += 1
        return False

    # What came of it

    @property
    def streams(self) -> list[_Stream]:
        """Those that are believed to be RTP."""
        return [stream for stream in self._streams.values() if stream.steady >= STEADY]

    def _codec(self, stream: _Stream, number: int) -> str:
        named = self._names.get((stream.destination, number)) or self._names.get((stream.source, number))
        return named or (STATIC[number].name if number in STATIC else f"PT{number}")

    def _answered_from(self, stream: _Stream) -> bool:
        """Whether speech of the other direction is seen too."""
        return any(
            (other.source.host, other.destination.host) == (stream.destination.host, stream.source.host) for other in self.streams
        )

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (self.last - self.first) / SECOND

    def facts(self) -> dict[str, Any]:
        """What was seen, with stable keys."""
        return {
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "group_addressed": self._cast,
            "vlans": {name: count for name, count in self._vlans.most_common() if name},
            "tunnels": dict(self._dissector.tunnels),
            "damaged": dict(self._damaged),
            "sip": [{"from": one, "to": other, "messages": count} for (one, other), count in sorted(self._peers.items())],
            "skinny": [{"from": one, "to": other, "messages": count} for (one, other), count in sorted(self._skinny.items())],
            "calls": {"seen": len(self._calls), "answered": sum(self._calls.values())},
            "streams": [
                {
                    "from": str(stream.source), "to": str(stream.destination), "ssrc": f"{stream.ssrc:08x}",
                    "codecs": sorted({self._codec(stream, number) for number in stream.payload_types}),
                    "packets": stream.packets, "lost": stream.lost, "twice": stream.twice,
                    "both_directions": self._answered_from(stream),
                }
                for stream in self.streams
            ],
            "twice": self._sip_twice + sum(stream.twice for stream in self.streams),
            "encrypted_calls": len(self._dark_calls),
            "tls": [
                {"between": list(ends), "kind": dark.name, "connections": dark.connections, "server": dark.server}
                for ends, dark in self._unread.items()
            ],
            "beyond_bounds": self._beyond,
        }  # fmt: skip

    def findings(self) -> Iterator[Finding]:
        """What is wrong, the worst first."""
        if not self.frames:
            yield Finding("error", "Nothing arrives.", "Is the cable in the switch's mirror port, and is the mirror session on?")
            return
        if not self._sip and not self._skinny and not self.streams:
            yield from self._no_telephone()
            return
        yield from self._directions()
        yield from self._dark()
        packets = sum(stream.packets for stream in self.streams)
        lost, twice = (sum(getattr(stream, name) for stream in self.streams) for name in ("lost", "twice"))
        if twice + self._sip_twice > MANY * (packets + self._sip):
            yield Finding(
                "warning", "Every packet comes twice.",
                "The switch mirrors it where it enters and where it leaves; mirror one of the two. No recording suffers, only capacity.",
            )  # fmt: skip
        if packets and lost > 0.01 * (packets + lost):
            yield Finding(
                "warning", f"{lost} of {packets + lost} packets of speech are missing here.",
                "If the telephones sound well, the mirror port is too slow for what is mirrored onto it.",
            )  # fmt: skip

    def _no_telephone(self) -> Iterator[Finding]:
        if self._cast >= (1 - FEW) * self.frames:
            yield Finding(
                "error", "Only broadcasts and multicasts arrive: this is an ordinary port.",
                "Set the switch's mirror session (SPAN) with this port as its destination.",
            )  # fmt: skip
        elif not self._unread:
            yield Finding(
                "error", "Traffic arrives, but no telephone's: neither SIP nor RTP.",
                "Mirror the port of the telephone exchange or of the line's router, and make a call meanwhile.",
            )  # fmt: skip
        yield from self._dark()

    def _directions(self) -> Iterator[Finding]:
        if self._peers and all((other, one) not in self._peers for one, other in self._peers):
            yield Finding(
                "error", "Signalling is seen in one direction only.",
                "Mirror what the port receives and what it sends (rx and tx, or `both`).",
            )  # fmt: skip
        streams = [stream for stream in self.streams if not stream.to_a_group]
        alone = [stream for stream in streams if not self._answered_from(stream)]
        if streams and FEW * len(streams) < len(alone) < len(streams):
            yield Finding(
                "warning", f"{len(alone)} of {len(streams)} streams of speech are seen in one direction only.",
                "Announcements and music on hold are such; telephones that are not mirrored are too.",
            )  # fmt: skip
        if streams and len(alone) == len(streams):
            yield Finding(
                "error",
                "Speech is seen in one direction only.",
                "Mirror what the port receives and what it sends (rx and tx, or `both`).",
            )
        if any(self._calls.values()) and not streams:
            yield Finding(
                "error", "Calls are answered, but no speech is seen.",
                "The speech goes another way than the signalling: mirror the telephones' ports or the voice VLAN too.",
            )  # fmt: skip
        if streams and not self._sip and not self._skinny:
            yield Finding(
                "error", "Speech is seen, but no signalling: nobody can tell whose it is.",
                "Mirror the port of the telephone exchange too; if its signalling is encrypted (TLS), see below. "
                "Or record such speech as calls of their own (capture.rtp_alone).",
            )  # fmt: skip

    def _dark(self) -> Iterator[Finding]:
        for (one, other), dark in self._unread.items():
            named = f" (to {dark.server})" if dark.server else ""
            yield Finding(
                "warning", f"{_DARK[dark.name]} between {one} and {other}{named} is encrypted (TLS) and cannot be read.",
                "Mirror a side that is plain (the trunk, or the inner side of the session border controller), "
                "let the exchange speak without TLS inside the building, or record on the exchange.",
            )  # fmt: skip
        if self._dark_calls:
            yield Finding(
                "warning", f"{len(self._dark_calls)} calls are encrypted in a way that cannot be read (DTLS, or an unknown suite).",
                f"Switch the telephones to plain RTP, or to SRTP with keys in the signalling (SDES, {READABLE[0]}).",
            )  # fmt: skip


def _tags(frame: bytes) -> str:
    """The VLANs of a frame, outermost first: `12`, `12.34`; "" where it has none."""
    found: list[str] = []
    place = 12
    while frame[place : place + 2] in _TAGS and len(found) < 4:
        found.append(str(int.from_bytes(frame[place + 2 : place + 4], "big") & 0xFFF))
        place += 4
    return ".".join(found)
