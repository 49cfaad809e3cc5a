"""What cannot be read, named: TLS where signalling is usual, and DTLS at the addresses of a call's audio. Pure, bounded.

A recorder that sees nothing because everything is encrypted must say so. TLS counts as telephony on the ports that telephony uses, and
on any other port between two hosts that speak SIP with one another's world in clear, unless the port is known for something else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from capture.frames import Address, Segment

PORTS = {5061: "sip-tls-dark", 5081: "sip-tls-dark", 7443: "sip-wss-dark", 8089: "sip-wss-dark", 2443: "sccp-tls-dark"}
"""SIP over TLS (RFC 3261 §19.1.2) and as FreeSWITCH has it; secure WebSocket of FreeSWITCH and Asterisk; secure Skinny."""
ELSEWHERE = frozenset({22, 25, 143, 389, 443, 465, 587, 636, 853, 989, 990, 993, 995, 3389, 5223, 5432, 8443, 8883, 9443})
"""Ports on which TLS is usual and is no telephony: pages, mail, directories, messages."""
MAX_CONNECTIONS = 5000
MAX_SPEAKERS = 5000
_RECORDS = (20, 21, 22, 23)
_HANDSHAKE = 22
CLIENT_HELLO, SERVER_HELLO = 1, 2
DTLS_VERSIONS = (b"\xfe\xff", b"\xfe\xfd", b"\xfe\xfc")
SAMPLE = 512
DTLS_SRTP = "DTLS-SRTP: the two ends agree on the keys between themselves"
"""Why a call is dark, in words."""


class Dark(NamedTuple):
    """A connection of which nothing can be read; `name` is the weird that is counted."""

    name: str
    ends: tuple[Address, Address]
    server: str
    """The name in its ClientHello (RFC 6066 §3), "" where none was seen."""


class Tls:
    """TLS connections that are probably signalling, each told once."""

    def __init__(self) -> None:
        self._told: dict[tuple[Address, Address], None] = {}
        self._speakers: dict[bytes, None] = {}

    def speaks(self, *ends: Address) -> None:
        """These hosts speak SIP."""
        for address in ends:
            if address.host not in self._speakers:
                _make_room(self._speakers, MAX_SPEAKERS)
                self._speakers[address.host] = None

    def segment(self, segment: Segment) -> Dark | None:
        """The connection of this segment, where it is dark and was not told yet."""
        if segment.syn:
            self._told.pop(_ends(segment), None)
        if not is_record(segment.payload):
            return None
        name, ends = self._name(segment), _ends(segment)
        if not name or ends in self._told:
            return None
        _make_room(self._told, MAX_CONNECTIONS)
        self._told[ends] = None
        return Dark(name, ends, server_name(segment.payload))

    def _name(self, segment: Segment) -> str:
        ports = (segment.source.port, segment.destination.port)
        for port in ports:
            if port in PORTS:
                return PORTS[port]
        both = segment.source.host in self._speakers and segment.destination.host in self._speakers
        return "sip-tls-dark" if both and not ELSEWHERE.intersection(ports) else ""


def _ends(segment: Segment) -> tuple[Address, Address]:
    return (min(segment.source, segment.destination), max(segment.source, segment.destination))


def _make_room(table: dict[Any, None], most: int) -> None:
    """The oldest goes."""
    while len(table) >= most:
        del table[next(iter(table))]


def is_record(payload: bytes) -> bool:
    """Whether a segment begins with a TLS record (RFC 8446 §5.1); SSL 3 to TLS 1.3."""
    return len(payload) >= 5 and payload[0] in _RECORDS and payload[1] == 3 and payload[2] <= 4 and payload[3] <= 0x48


def server_name(payload: bytes) -> str:
    """The server's name in a ClientHello, as far as the segment holds it; "" where there is none."""
    if len(payload) < 6 or payload[0] != _HANDSHAKE or payload[5] != CLIENT_HELLO:
        return ""
    place = 5 + 4 + 2 + 32  # record, handshake, version, random
    for width in (1, 2, 1):  # session id, cipher suites, compression methods
        place += width + int.from_bytes(payload[place : place + width], "big")
    place, end = place + 2, min(len(payload), place + 2 + int.from_bytes(payload[place : place + 2], "big"))
    while place + 4 <= end:
        kind, size = int.from_bytes(payload[place : place + 2], "big"), int.from_bytes(payload[place + 2 : place + 4], "big")
        if kind == 0:
            name = payload[place + 9 : min(place + 4 + size, place + 9 + 255)]
            return name.decode("ascii", "replace") if name.isascii() and name.decode().isprintable() else ""
        place += 4 + size
    return ""


def dtls_hello(payload: bytes) -> int:
    """1 for a DTLS ClientHello, 2 for a ServerHello, 0 for anything else (RFC 6347 §4.1, §4.2.2)."""
    if len(payload) < 14 or payload[0] != _HANDSHAKE or payload[1:3] not in DTLS_VERSIONS:
        return 0
    return payload[13] if payload[13] in (CLIENT_HELLO, SERVER_HELLO) else 0
