"""Frames taken apart: link layer, VLAN tags, tunnels, IPv4, IPv6, fragments; out come UDP datagrams and TCP segments. Pure.

Checksums are not looked at: a mirror port sees frames before the sender's network card has filled them in. What cannot be taken
apart raises FrameError, whose `name` is counted as a weird; frames of protocols that carry no call give None.
"""

from __future__ import annotations

import struct
from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from capture import tunnels
from capture.fragments import Fragments

LINK_NULL, LINK_ETHERNET, LINK_RAW, LINK_LOOP, LINK_SLL = 0, 1, 101, 108, 113
LINK_IPV4, LINK_IPV6, LINK_SLL2 = 228, 229, 276
LINK_RAW_BSD = (12, 14)
"""DLT_RAW as the BSDs number it."""

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
TAGS = frozenset({0x8100, 0x88A8, 0x9100, 0x9200, 0x9300})
_MAX_TAGS = 4
TCP, UDP = 6, 17
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _MOBILITY = 0, 43, 44, 51, 60, 135
_SKIPPED = frozenset({_HOP_BY_HOP, _ROUTING, _DESTINATION, _MOBILITY})
EXTENSIONS = frozenset({_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _MOBILITY})
"""Headers of IPv6 behind which there may be another (RFC 8200 §4)."""
_MAX_EXTENSIONS = 16
MAX_DEPTH = 8
"""Tunnels in one another."""
MAX_DATAGRAM = 65535
"""Where a frame leaves the length open (0), no more than this is a datagram."""


class FrameError(ValueError):
    """A frame that contradicts its own headers; `name` is the weird that is counted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Address(NamedTuple):
    """An IP address (4 or 16 bytes) and a port."""

    host: bytes
    port: int

    def __str__(self) -> str:
        return f"{host_text(self.host)}:{self.port}" if len(self.host) == 4 else f"[{host_text(self.host)}]:{self.port}"


class Datagram(NamedTuple):
    """A UDP datagram. `cut` says that the capture holds less than was sent."""

    source: Address
    destination: Address
    payload: bytes
    cut: bool = False


class Segment(NamedTuple):
    """A TCP segment."""

    source: Address
    destination: Address
    sequence: int
    syn: bool
    fin: bool
    payload: bytes


class _Ip(NamedTuple):
    """What an IP packet's header says of its payload."""

    protocol: int
    source: bytes
    destination: bytes


CARRIED = frozenset({TCP, UDP, *tunnels.BY_PROTOCOL})


def host_text(host: bytes) -> str:
    """An IP address as text."""
    return str(IPv4Address(host)) if len(host) == 4 else str(IPv6Address(host))


class Dissector:
    """Takes frames apart; keeps fragments until their datagram is whole."""

    def __init__(self, fragments: Fragments | None = None) -> None:
        self._fragments = Fragments() if fragments is None else fragments  # an empty table is false
        self.tunnels: Counter[str] = Counter()
        """Layers of tunnels that were taken off, by kind."""

    def dissect(self, link: int, frame: bytes, now: int) -> Datagram | Segment | None:
        """What this frame (with this link type, at `now` in ns) carries; None while a datagram is incomplete or of no interest.

        Raises FrameError.
        """
        ethertype, offset = _link_payload(link, frame)
        return self._network(ethertype, frame, offset, now, 0)

    def _network(self, ethertype: int, frame: bytes, offset: int, now: int, depth: int) -> Datagram | Segment | None:
        if ethertype == ETHERTYPE_IPV4:
            return self._ipv4(frame, offset, now, depth)
        if ethertype == ETHERTYPE_IPV6:
            return self._ipv6(frame, offset, now, depth)
        unwrap = tunnels.BY_ETHERTYPE.get(ethertype)
        return None if unwrap is None else self._inside(unwrap(frame[offset:]), now, depth, unwrap.__name__)

    def _inside(self, inner: tunnels.Inner | None, now: int, depth: int, kind: str) -> Datagram | Segment | None:
        """What a tunnel carries."""
        if inner is None:
            return None
        self.tunnels[kind] += 1
        if depth >= MAX_DEPTH:
            raise FrameError("tunnels-too-deep")
        ethertype, offset = inner.ethertype, 0
        if ethertype == tunnels.ETHERNET:
            ethertype, offset = _link_payload(LINK_ETHERNET, inner.data)
        elif ethertype in TAGS:
            ethertype, offset = _untagged(inner.data, ethertype, 0)
        return self._network(ethertype, inner.data, offset, now, depth + 1)

    def _transport(self, ip: _Ip, payload: bytes, now: int, depth: int) -> Datagram | Segment | None:
        if ip.protocol in (UDP, TCP):
            found = _transport(ip.protocol, ip.source, ip.destination, payload)
            if ip.protocol == UDP and found.destination.port in tunnels.BY_PORT:
                return self._by_port(found, found.destination.port, now, depth) or found
            if ip.protocol == UDP and found.source.port in tunnels.ANSWERS:
                return self._by_port(found, found.source.port, now, depth) or found
            return found
        unwrap = tunnels.BY_PROTOCOL[ip.protocol]
        return self._inside(unwrap(payload), now, depth, unwrap.__name__)

    def _by_port(self, outer: Datagram | Segment, port: int, now: int, depth: int) -> Datagram | Segment | None:
        """What is inside a datagram that went to the port of a tunnel; None where it is none: speech may go to any port."""
        unwrap = tunnels.BY_PORT[port]
        try:
            return self._inside(unwrap(outer.payload), now, depth, unwrap.__name__)
        except FrameError as error:
            if error.name == "tunnels-too-deep":
                raise
            return None

    def _ipv4(self, frame: bytes, offset: int, now: int, depth: int) -> Datagram | Segment | None:
        if len(frame) < offset + 20:
            raise FrameError("ipv4-short")
        first, _, total, ident, flags, _, protocol = struct.unpack_from(">BBHHHBB", frame, offset)
        header = (first & 15) * 4
        if first >> 4 != 4 or header < 20 or len(frame) < offset + header:
            raise FrameError("ipv4-header")
        if protocol not in CARRIED:
            return None
        if total and total < header:
            raise FrameError("ipv4-length")
        end = min(len(frame), offset + total) if total else len(frame)
        source, destination = frame[offset + 12 : offset + 16], frame[offset + 16 : offset + 20]
        payload = frame[offset + header : end]
        place, more = (flags & 0x1FFF) * 8, bool(flags & 0x2000)
        if place or more:
            whole = self._fragments.add((source, destination, protocol, ident), place, payload, now, more=more)
            if whole is None:
                return None
            payload = whole
        return self._transport(_Ip(protocol, source, destination), payload, now, depth)

    def _ipv6(self, frame: bytes, offset: int, now: int, depth: int) -> Datagram | Segment | None:
        if len(frame) < offset + 40 or frame[offset] >> 4 != 6:
            raise FrameError("ipv6-short")
        length, protocol = struct.unpack_from(">HB", frame, offset + 4)
        end = min(len(frame), offset + 40 + length) if length else len(frame)
        source, destination = frame[offset + 8 : offset + 24], frame[offset + 24 : offset + 40]
        place = offset + 40
        for _ in range(_MAX_EXTENSIONS):
            if protocol in CARRIED:
                return self._transport(_Ip(protocol, source, destination), frame[place:end], now, depth)
            if protocol == _FRAGMENT:
                if end < place + 8:
                    raise FrameError("ipv6-fragment-short")
                following, _, where, ident = struct.unpack_from(">BBHI", frame, place)
                key = (source, destination, following, ident)
                whole = self._fragments.add(key, where & 0xFFF8, frame[place + 8 : end], now, more=bool(where & 1))
                return None if whole is None else self._after_fragments(_Ip(following, source, destination), whole, now, depth)
            step = _extension(protocol, frame, place, end)
            if step is None:
                return None
            protocol, place = step
        raise FrameError("ipv6-extensions")

    def _after_fragments(self, ip: _Ip, whole: bytes, now: int, depth: int) -> Datagram | Segment | None:
        """Extension headers may stand inside the reassembled part too (RFC 8200 §4.5)."""
        protocol, place = ip.protocol, 0
        for _ in range(_MAX_EXTENSIONS):
            if protocol in CARRIED:
                return self._transport(ip._replace(protocol=protocol), whole[place:], now, depth)
            step = _extension(protocol, whole, place, len(whole))
            if step is None:
                return None
            protocol, place = step
        raise FrameError("ipv6-extensions")


def _extension(protocol: int, frame: bytes, place: int, end: int) -> tuple[int, int] | None:
    """The next header and its place behind this extension header; None where what follows is of no interest."""
    if protocol not in _SKIPPED and protocol != _AUTHENTICATION:
        return None
    if end < place + 2:
        raise FrameError("ipv6-extension-short")
    size = (frame[place + 1] + 2) * 4 if protocol == _AUTHENTICATION else (frame[place + 1] + 1) * 8
    return frame[place], place + size


def _link_payload(link: int, frame: bytes) -> tuple[int, int]:
    """(ethertype, offset of what it names)."""
    if link == LINK_ETHERNET:
        if len(frame) < 14:
            raise FrameError("ethernet-short")
        return _untagged(frame, int.from_bytes(frame[12:14], "big"), 14)
    if link == LINK_SLL:
        if len(frame) < 16:
            raise FrameError("sll-short")
        return _untagged(frame, int.from_bytes(frame[14:16], "big"), 16)
    if link == LINK_SLL2:
        if len(frame) < 20:
            raise FrameError("sll2-short")
        return _untagged(frame, int.from_bytes(frame[0:2], "big"), 20)
    if link in (LINK_NULL, LINK_LOOP):
        return _by_version(frame, 4)
    if link in (LINK_RAW, LINK_IPV4, LINK_IPV6, *LINK_RAW_BSD):
        return _by_version(frame, 0)
    raise FrameError(f"link-type-{link}")


def _untagged(frame: bytes, ethertype: int, offset: int) -> tuple[int, int]:
    """Behind VLAN tags, stacked ones too (IEEE 802.1Q, 802.1ad)."""
    for _ in range(_MAX_TAGS + 1):
        if ethertype not in TAGS:
            return ethertype, offset
        if len(frame) < offset + 4:
            raise FrameError("vlan-short")
        ethertype = int.from_bytes(frame[offset + 2 : offset + 4], "big")
        offset += 4
    raise FrameError("vlan-too-many")


def _by_version(frame: bytes, offset: int) -> tuple[int, int]:
    """Link types without an ethertype: the IP version tells."""
    if len(frame) <= offset:
        raise FrameError("raw-short")
    return {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(frame[offset] >> 4, 0), offset


def _transport(protocol: int, source: bytes, destination: bytes, payload: bytes) -> Datagram | Segment:
    if protocol == UDP:
        if len(payload) < 8:
            raise FrameError("udp-short")
        sport, dport, length = struct.unpack_from(">HHH", payload)
        if length and length < 8:
            raise FrameError("udp-length")
        body = payload[8 : length or MAX_DATAGRAM]
        return Datagram(Address(source, sport), Address(destination, dport), body, cut=length > len(payload))
    if len(payload) < 20:
        raise FrameError("tcp-short")
    sport, dport, sequence, _, where, flags = struct.unpack_from(">HHIIBB", payload)
    header = (where >> 4) * 4
    if header < 20 or header > len(payload):
        raise FrameError("tcp-header")
    body = payload[header:]
    return Segment(Address(source, sport), Address(destination, dport), sequence, bool(flags & 2), bool(flags & 5), body)
