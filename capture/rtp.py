"""RTP headers (RFC 3550 §5.1) and what stands on the same ports: RTCP, STUN, DTLS. Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = 12
RTCP_TYPES = range(192, 224)
"""Second byte of an RTCP packet (RFC 5761 §4); with the marker bit these would be payload types 64-95, which RTP leaves free."""


class RtpError(ValueError):
    """The bytes are no RTP packet."""


class Rtp(NamedTuple):
    """One RTP packet; `timestamp` counts the codec's RTP clock."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(packet: bytes) -> Rtp:
    """The packet without CSRCs, header extension and padding. Raises RtpError."""
    if not looks_like_rtp(packet):
        raise RtpError("no RTP header")
    first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", packet)
    start = HEADER + 4 * (first & 15)
    if first & 0x10:
        if len(packet) < start + 4:
            raise RtpError("header extension is cut")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet)
    if first & 0x20:
        padding = packet[-1]
        if padding == 0 or end - padding < start:
            raise RtpError("padding is longer than the packet")
        end -= padding
    if start > end:
        raise RtpError("header is longer than the packet")
    return Rtp(second & 127, bool(second & 128), sequence, timestamp, ssrc, packet[start:end])


def looks_like_rtp(packet: bytes) -> bool:
    """Whether the first bytes are those of RTP version 2, and not of RTCP."""
    return len(packet) >= HEADER and packet[0] & 0xC0 == 0x80 and packet[1] not in RTCP_TYPES
