"""What of a frame may stand in a capture for diagnosis: signalling whole, of speech the headers alone, of pressed keys nothing. Pure.

Whatever is not known to be harmless is cut: of UDP only SIP and RTCP stay whole, of TCP only streams that begin with SIP; of RTP (RFC 3550
§5.1) the fixed header and its CSRCs stay, of anything else nothing behind the ports. Telephone events (RFC 4733) and bodies that say a key
(INFO, KPML: RFC 6086, RFC 4730) are zeros, in captures with speech too. A datagram that came in fragments is written as one frame, because
no fragment tells what it belongs to; frames that carry no call are left out, and counted.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from typing import NamedTuple

from capture import sdp, sip
from capture.frames import (
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    LINK_ETHERNET,
    TCP,
    UDP,
    Address,
    Datagram,
    Dissector,
    FrameError,
    Segment,
)
from capture.rtp import HEADER, looks_like_rtp

MOST = 5000
"""Entries of each table."""
SMALL = 24
"""A payload of a dynamic type up to this long may be a pressed key (4 bytes and SRTP's tag), unless it was announced as something else."""
MAX_FRAME = 65535
SHORT = 100
"""A frame up to this long without a payload is written as it is."""
ETHERNET = 14
_DYNAMIC = range(96, 128)
_RTCP = range(200, 208)
_KEY_WORDS = (b"dtmf", b"kpml")
_KEY_TYPE = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:[^\r\n]*(?:dtmf|kpml)")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class Kept(NamedTuple):
    """A frame as it may be written, and how long it was on the wire."""

    frame: bytes
    length: int


class Trimmer:
    """Looks at every frame of a capture. `number`: only what belongs to calls from or to it; `whole`: with speech."""

    def __init__(self, *, whole: bool = False, number: str = "") -> None:
        self._whole, self._number = whole, _digits(number)
        self._dissector = Dissector()
        self._calls: set[str] = set()
        self._media: set[Address] = set()
        self._events: set[tuple[Address, int]] = set()
        self._speech: set[tuple[Address, int]] = set()
        self._streams: dict[tuple[Address, Address], bool] = {}
        """TCP streams that speak SIP → whether what follows belongs to a message that is shown."""
        self.counts: Counter[str] = Counter()

    def frame(self, link: int, frame: bytes, at: int) -> Kept | None:
        """What may be written of it; None where it is nothing that a call is made of."""
        try:
            found = self._dissector.dissect(link, frame, at)
        except FrameError:
            found = None
        shown = None
        if isinstance(found, Datagram):
            shown = self._datagram(found)
        elif isinstance(found, Segment):
            shown = self._segment(found)
        if found is None or shown is None:
            self.counts["left_out"] += 1
            return None
        return _written(link, frame, found, shown)

    def _datagram(self, datagram: Datagram) -> bytes | None:
        payload = datagram.payload
        if sip.looks_like_sip(payload):
            shown = self._message(payload)
            self.counts["sip"] += shown is not None
            return shown
        if self._number and not self._media & {datagram.source, datagram.destination}:
            return None
        if _is_rtcp(payload):
            self.counts["rtcp"] += 1
            return payload
        if not looks_like_rtp(payload):
            return None if self._number else b""
        self.counts["rtp"] += 1
        header = HEADER + 4 * (payload[0] & 15)
        if not self._whole:
            return payload[:header]
        return payload[:header] + bytes(len(payload) - header) if self._says_keys(datagram) else payload

    def _says_keys(self, datagram: Datagram) -> bool:
        kind = datagram.payload[1] & 127
        ends = {(datagram.source, kind), (datagram.destination, kind)}
        if ends & self._events:
            return True
        return kind in _DYNAMIC and len(datagram.payload) <= HEADER + SMALL and not ends & self._speech

    def _segment(self, segment: Segment) -> bytes | None:
        ends, payload = (segment.source, segment.destination), segment.payload
        if not payload:
            return b"" if ends in self._streams or ends[::-1] in self._streams else None
        if sip.looks_like_sip(payload):
            if ends not in self._streams and len(self._streams) >= MOST:
                self.counts["beyond_bounds"] += 1
                return None
            self.counts["sip"] += 1
            whole = self._message(payload)
            self._streams[ends] = whole is not None and not _keys_below(payload)
            return payload[: _body_at(payload)] if whole is not None and _keys_below(payload) else whole
        if not self._streams.get(ends):
            return b"" if ends in self._streams and not self._number else None
        if _keys_below(payload):
            self._streams[ends] = False
            return b""
        return payload

    def _message(self, payload: bytes) -> bytes | None:
        """The message as it may be shown; None where it belongs to no call that is wanted."""
        try:
            message = sip.parse(payload)
        except sip.SipError:
            return None if self._number else payload[: _body_at(payload)]
        if self._number and message.call_id not in self._calls:
            if not _concerns(message, self._number) or len(self._calls) >= MOST:
                return None
            self._calls.add(message.call_id)
        if message.body:
            self._describe(message)
        if _keys_below(payload):
            place = _body_at(payload)
            return payload[:place] + bytes(len(payload) - place)
        return payload

    def _describe(self, message: sip.Message) -> None:
        try:
            sections = sdp.parse(sdp.body_of(message.get("content-type"), message.body))
        except sdp.SdpError:
            return
        for media in sections:
            if not media.host or not media.port or max(len(self._media), len(self._events), len(self._speech)) >= MOST:
                continue
            self._media |= {Address(media.host, media.port), Address(media.host, media.port + 1)}
            for kind, encoding in media.encodings.items():
                keys = encoding.name.upper() in ("TELEPHONE-EVENT", "RED", "TONE")
                (self._events if keys else self._speech).add((Address(media.host, media.port), kind))


def _written(link: int, frame: bytes, found: Datagram | Segment, shown: bytes) -> Kept:
    """The frame up to its payload and what is shown of that, in the frame's own headers where it is all in there.

    Of several places where the payload may lie the first counts: whatever stands behind it is left out, so nothing more can leak.
    """
    if link != LINK_ETHERNET:
        return _made(found, shown)
    if isinstance(found, Segment) and not found.payload and len(frame) <= SHORT:
        return Kept(frame, len(frame))
    place = frame.find(found.payload) if found.payload else -1
    return Kept(frame[:place] + shown, len(frame)) if place >= ETHERNET else _made(found, shown)


def _made(found: Datagram | Segment, shown: bytes) -> Kept:
    """A frame of our own around it: for datagrams that came in pieces, and links that are no Ethernet. Checksums are left open."""
    size = len(found.payload)
    if isinstance(found, Datagram):
        kind = UDP
        head = struct.pack(">HHHH", found.source.port, found.destination.port, min(size + 8, MAX_FRAME), 0)
    else:
        kind, flags = TCP, 0x10 | (2 if found.syn else 0) | (1 if found.fin else 0)
        head = struct.pack(
            ">HHIIBBHHH", found.source.port, found.destination.port, found.sequence & 0xFFFFFFFF, 0, 5 << 4, flags, 0, 0, 0
        )
    ends = found.source.host + found.destination.host
    if len(found.source.host) == 4:
        total = min(20 + len(head) + size, MAX_FRAME)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0, 64, kind, 0) + ends
        ethertype = ETHERTYPE_IPV4
    else:
        ip = struct.pack(">IHBB", 6 << 28, min(len(head) + size, MAX_FRAME), kind, 64) + ends
        ethertype = ETHERTYPE_IPV6
    front = bytes(12) + ethertype.to_bytes(2, "big") + ip + head
    return Kept(front + shown, len(front) + max(size, len(shown)))


def _is_rtcp(payload: bytes) -> bool:
    """A chain of RTCP packets whose lengths add up (RFC 3550 §A.2); encrypted ones (SRTCP) do not, and are cut as speech is."""
    if len(payload) < 8 or payload[1] not in (200, 201):
        return False
    place = 0
    while place + 4 <= len(payload):
        if payload[place] >> 6 != 2 or payload[place + 1] not in _RTCP:
            return False
        place += (int.from_bytes(payload[place + 2 : place + 4], "big") + 1) * 4
    return place == len(payload)


def _keys_below(payload: bytes) -> bool:
    """Whether the body of a message, or of one behind it, may say a key."""
    if payload.startswith(b"INFO ") or b"\nINFO " in payload or _KEY_TYPE.search(payload):
        return True
    body = payload[_body_at(payload) :].lower() if sip.looks_like_sip(payload) else payload.lower()
    return any(word in body for word in _KEY_WORDS)


def _body_at(payload: bytes) -> int:
    found = _END_OF_HEAD.search(payload)
    return found.end() if found else len(payload)


def _concerns(message: sip.Message, number: str) -> bool:
    texts = [message.uri, *(message.get(name) for name in ("from", "to", "p-asserted-identity", "diversion"))]
    return any(number in _digits(text.partition(";")[0]) for text in texts)


def _digits(text: str) -> str:
    """The digits that count when numbers are compared: without +81 or the leading 0."""
    found = "".join(letter for letter in text if letter in "0123456789+*#")
    return found.removeprefix("+81").lstrip("0") if found.startswith("+81") else found.lstrip("+0")
