"""RTCP made in memory (RFC 3550 §6, RFC 3611), written apart from the parser that it is for."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from capture.rtcp import Block
from tests.bed.made import MadeCall, datagram


def sender(ssrc: int, *, ntp: int = 1 << 32, packets: int = 0, blocks: Sequence[Block] = ()) -> bytes:
    """A sender's report."""
    return _packet(200, len(blocks), struct.pack(">IQIII", ssrc, ntp, 0, packets, 0) + _blocks(blocks))


def receiver(ssrc: int, blocks: Sequence[Block]) -> bytes:
    """A receiver's report."""
    return _packet(201, len(blocks), struct.pack(">I", ssrc) + _blocks(blocks))


def sdes(ssrc: int, name: str) -> bytes:
    """A canonical name."""
    item = bytes([1, len(name)]) + name.encode()
    return _packet(202, 1, struct.pack(">I", ssrc) + item + bytes(4 - len(item) % 4))


def bye(*sources: int) -> bytes:
    """A farewell."""
    return _packet(203, len(sources), b"".join(struct.pack(">I", source) for source in sources))


def voip(ssrc: int, about: int, *, loss: int = 0, discard: int = 0, r: int = 93, mos: int = 44) -> bytes:
    """An extended report with VoIP metrics."""
    metrics = (
        struct.pack(">I4B4H", about, loss, discard, 0, 0, 0, 0, 0, 0) + bytes([0, 0, 0, 16, r, 127, mos, 127, 0, 0]) + bytes(6)
    )
    return _packet(207, 0, struct.pack(">IBBH", ssrc, 7, 0, len(metrics) // 4) + metrics)


def reported(call: MadeCall, at: int, data: bytes, *, side: int, muxed: bool = False) -> Captured:
    """The datagram as this side sends it: to the port behind that of the speech, or to the same."""
    behind = 0 if muxed else 1
    packet = datagram(data, call.port(side) + behind, call.port(1 - side) + behind, by_caller=side == 0)
    return Captured(LINK_ETHERNET, packet, at)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body


def _blocks(blocks: Sequence[Block]) -> bytes:
    return b"".join(
        struct.pack(
            ">IB3sIIII",
            one.ssrc,
            one.fraction,
            (one.lost & 0xFFFFFF).to_bytes(3, "big"),
            one.highest,
            one.jitter,
            one.lsr,
            one.dlsr,
        )
        for one in blocks
    )
