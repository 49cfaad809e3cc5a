"""RTCP as far as it tells of losses: sender and receiver reports, names, farewells (RFC 3550 §6), VoIP metrics (RFC 3611 §4.7). Pure.

A datagram is taken apart as a whole: where its packets do not end exactly with it, it is none, or it is encrypted (SRTCP, RFC 3711 §3.4).
Up to three octets too many are a telephone's carelessness. Reports may come without names (RFC 5506);
packets of other types are passed over.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

SENDER, RECEIVER, NAMES, FAREWELL, EXTENDED = 200, 201, 202, 203, 207
TYPES = range(192, 224)
"""RFC 5761 §4."""
_HEAD = struct.Struct(">BBH")
_WORD = struct.Struct(">I")
_SENDER = struct.Struct(">QIII")
_BLOCK = struct.Struct(">IBBHIIII")
_VOIP = struct.Struct(">IBBBBHHHHbbBBBBBBBxHHH")
_CNAME = 1
_VOIP_METRICS = 7
UNAVAILABLE = 127
"""Of R and MOS (RFC 3611 §4.7.5)."""


class RtcpError(ValueError):
    """The bytes are no RTCP, or it is encrypted."""


class SenderInfo(NamedTuple):
    """What a sender says of itself (§6.4.1)."""

    ntp: int
    """64 bits."""
    timestamp: int
    packets: int
    octets: int

    @property
    def middle(self) -> int:
        """What a receiver gives back as `lsr`."""
        return self.ntp >> 16 & 0xFFFFFFFF


class Block(NamedTuple):
    """How a receiver gets one source (§6.4.1)."""

    ssrc: int
    fraction: int
    lost: int
    """Cumulative, may be negative."""
    highest: int
    """Extended highest sequence number."""
    jitter: int
    lsr: int
    dlsr: int
    """Between that report and this one, in 1/65536 s."""


class Report(NamedTuple):
    """A sender's or a receiver's report."""

    ssrc: int
    sender: SenderInfo | None
    blocks: tuple[Block, ...]


class VoipMetrics(NamedTuple):
    """What a telephone makes of what it receives (RFC 3611 §4.7)."""

    ssrc: int
    loss_rate: int
    """In 1/256, as `discard_rate`: came, but too late to be played."""
    discard_rate: int
    r: int | None
    mos_lq: float | None
    round_trip: int
    """Milliseconds."""


class Compound(NamedTuple):
    """All that one datagram says."""

    reports: tuple[Report, ...] = ()
    names: tuple[tuple[int, str], ...] = ()
    """(SSRC, canonical name)."""
    left: tuple[int, ...] = ()
    metrics: tuple[VoipMetrics, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether it says anything about the way packets arrive."""
        return bool(self.reports or self.metrics)


def looks_like_rtcp(data: bytes) -> bool:
    """Whether the first bytes are those of RTCP version 2."""
    return len(data) >= 8 and data[0] & 0xC0 == 0x80 and data[1] in TYPES


def parse(data: bytes) -> Compound:
    """Every packet of a datagram. Raises RtcpError."""
    reports: list[Report] = []
    names: list[tuple[int, str]] = []
    left: list[int] = []
    metrics: list[VoipMetrics] = []
    place = 0
    while len(data) - place >= _HEAD.size:
        count, kind, body, place = _packet(data, place)
        if kind in (SENDER, RECEIVER):
            reports.append(_report(kind, count, body))
        elif kind == NAMES:
            names += _names(count, body)
        elif kind == FAREWELL:
            left += _ssrcs(count, body)
        elif kind == EXTENDED:
            metrics += _extended(body)
    if not place:
        raise RtcpError("nothing")
    return Compound(tuple(reports), tuple(names), tuple(left), tuple(metrics))


def _packet(data: bytes, place: int) -> tuple[int, int, bytes, int]:
    """(count, type, body, where the next one begins)."""
    first, kind, words = _HEAD.unpack_from(data, place)
    end = place + 4 * (words + 1)
    if first >> 6 != 2 or kind not in TYPES:
        raise RtcpError("no RTCP")
    if end > len(data):
        raise RtcpError("a packet is longer than its datagram")
    body = data[place + _HEAD.size : end]
    if first & 0x20:
        padding = body[-1] if body else 0
        if not 0 < padding <= len(body) or end != len(data):
            raise RtcpError("padding that cannot be")
        body = body[:-padding]
    return first & 31, kind, body, end


def _report(kind: int, count: int, body: bytes) -> Report:
    begin = _WORD.size + (_SENDER.size if kind == SENDER else 0)
    if len(body) < begin + count * _BLOCK.size:
        raise RtcpError("a report without its blocks")
    sender = SenderInfo(*_SENDER.unpack_from(body, _WORD.size)) if kind == SENDER else None
    blocks = []
    for place in range(begin, begin + count * _BLOCK.size, _BLOCK.size):
        ssrc, fraction, high, low, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, place)
        lost = high << 16 | low
        blocks.append(Block(ssrc, fraction, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, lsr, dlsr))
    return Report(_WORD.unpack_from(body)[0], sender, tuple(blocks))


def _names(count: int, body: bytes) -> list[tuple[int, str]]:
    """The canonical names of each chunk (§6.5); a chunk ends with zeros, up to the next word."""
    found, place = [], 0
    for _ in range(count):
        if place + _WORD.size > len(body):
            raise RtcpError("a chunk without its source")
        (ssrc,) = _WORD.unpack_from(body, place)
        place += _WORD.size
        while place < len(body) and body[place]:
            if place + 2 > len(body) or place + 2 + body[place + 1] > len(body):
                raise RtcpError("an item is longer than its packet")
            if body[place] == _CNAME:
                found.append((ssrc, body[place + 2 : place + 2 + body[place + 1]].decode("utf-8", "replace")))
            place += 2 + body[place + 1]
        place = (place // 4 + 1) * 4
    return found


def _ssrcs(count: int, body: bytes) -> list[int]:
    if len(body) < count * _WORD.size:
        raise RtcpError("a farewell without its sources")
    return [_WORD.unpack_from(body, place)[0] for place in range(0, count * _WORD.size, _WORD.size)]


def _extended(body: bytes) -> list[VoipMetrics]:
    found, place = [], _WORD.size
    while place + _HEAD.size <= len(body):
        kind, _, words = _HEAD.unpack_from(body, place)
        place += _HEAD.size
        end = place + 4 * words
        if end > len(body):
            raise RtcpError("an extended report is longer than its packet")
        if kind == _VOIP_METRICS and end - place == _VOIP.size:
            told = _VOIP.unpack_from(body, place)
            r, quality = told[13], told[15]
            found.append(VoipMetrics(
                ssrc=told[0], loss_rate=told[1], discard_rate=told[2], r=None if r >= UNAVAILABLE else r,
                mos_lq=quality / 10 if 10 <= quality <= 50 else None, round_trip=told[7],
            ))  # fmt: skip
        place = end
    return found
