"""The hot path: frames of a block of memory put to the streams that are known already, everything else handed on. Pure.

`_walk.c` is the same in C, six times faster; this is the fallback where nothing could be built, and the oracle in tests: the two
take the same frames and give the same runs. What both refuse (fragments, tunnels, options, signalling, streams nobody has learned)
goes through `frames.py`, and a packet that turns out to belong to a known stream comes back by `gather`.

A key is addresses, ports and SSRC as they stand in the packet: 16 bytes for IPv4, 40 for IPv6. A run is a stretch of one stream's
packets, as they will stand on the spool: each behind its time (ns, 8 bytes) and its length (2), big endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from mmap import mmap
from typing import NamedTuple, Protocol

STAMP = struct.Struct(">QH")
"""What stands before each packet on the spool: its timestamp (ns) and its length."""
KEY_SIZES = (16, 40)
_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00", b"\x93\x00"})
_MAX_TAGS = 4
_SECOND = 1_000_000_000
_VLAN_VALID, _TPID_VALID = 0x10, 0x40
_BLOCK_HEAD = struct.Struct("=5I")
"""version, offset to private, status, frames, offset to the first frame (linux/if_packet.h, tpacket_block_desc)."""
_FRAME_HEAD = struct.Struct("=6IHHIIH")
"""next, seconds, nanoseconds, captured, wire, status, MAC and network offsets, hash, TCI, TPID (tpacket3_hdr)."""
_SMALLEST = 48

Memory = bytes | mmap
Odd = list[tuple[bytes, int, int]]
"""Frames for Python: bytes, time (ns), and the VLAN tag (TPID, TCI) that the kernel took out of it, 0 for none."""


class Counters(NamedTuple):
    """What happened to a stream since its key was learned. Sequence numbers are extended (RFC 3550 §A.1)."""

    first: int
    last: int
    packets: int
    late: int
    lowest: int
    highest: int
    types: int
    """A bit for each payload type."""
    types_above: int
    """Those from 64 on."""


class Walker(Protocol):
    """What `_walk.Walker` and `Twin` both are."""

    @property
    def frames(self) -> int:
        """Frames walked."""

    @property
    def taken(self) -> int:
        """Packets gathered."""

    @property
    def buffered(self) -> int:
        """Bytes that wait for `take`."""

    def block(self, memory: Memory, start: int, end: int, /) -> Odd:
        """A TPACKET_V3 block that lies in `memory`; returns the frames that were not taken."""

    def records(self, data: bytes, place: int, big: bool, unit: int, until: int, /) -> tuple[int, int, int, Odd]:
        """Records of a pcap file with times in `unit` ns, up to one of the moment `until` or one that is cut.

        Returns (place reached, time of the record that was too late or 0, the latest time, the frames that were not taken).
        """

    def learn(self, key: bytes, owner: object = ..., /) -> None:
        """Packets of this key belong to `owner` (None: they are ignored); without an owner the key is forgotten."""

    def gather(self, key: bytes, at: int, packet: bytes, /) -> bool:
        """One packet of RTP, if its key is known."""

    def take(self, most: int = ..., /) -> list[tuple[object, bytes, tuple[int, ...]]]:
        """(owner, run, counters) of every stream with packets, or of up to so many; their runs are empty then."""


@dataclass(slots=True)
class _Flow:
    owner: object
    run: bytearray = field(default_factory=bytearray)
    first: int = 0
    last: int = 0
    packets: int = 0
    late: int = 0
    lowest: int = 0
    highest: int = 0
    types: int = 0

    def gather(self, at: int, packet: bytes) -> None:
        """One packet of at least 12 bytes."""
        self.run += STAMP.pack(at, len(packet))
        self.run += packet
        sequence = packet[2] << 8 | packet[3]
        if not self.packets:
            self.highest = self.lowest = sequence + 0x10000
            self.first = at
        elif (step := (sequence - self.highest) & 0xFFFF) < 0x8000:
            self.highest += step
        else:
            self.late += 1
        self.packets += 1
        self.types |= 1 << (packet[1] & 127)
        self.last = max(self.last, at)


class Twin:
    """The walker in Python."""

    def __init__(self) -> None:
        self.frames = self.taken = self.buffered = 0
        self._flows: dict[bytes, _Flow] = {}
        self._fresh: list[_Flow] = []

    def block(self, memory: Memory, start: int, end: int, /) -> Odd:
        """See `Walker`."""
        odd: Odd = []
        if start < 0 or end > len(memory) or end - start < _SMALLEST:
            return odd
        _, _, _, count, first = _BLOCK_HEAD.unpack_from(memory, start)
        place = start + first
        while count and place + _SMALLEST <= end:
            step, second, nanosecond, length, _, status, mac, _, _, tci, tpid = _FRAME_HEAD.unpack_from(memory, place)
            if place + mac + length > end:
                break
            frame = memory[place + mac : place + mac + length]
            at = second * _SECOND + nanosecond
            if not self._walk(frame, at):
                tag = (tpid if status & _TPID_VALID else 0x8100) << 16 | tci & 0xFFFF if status & _VLAN_VALID else 0
                odd.append((frame, at, tag))
            if not step:
                break
            place += step
            count -= 1
        return odd

    def records(self, data: bytes, place: int, big: bool, unit: int, until: int, /) -> tuple[int, int, int, Odd]:
        """See `Walker`."""
        odd: Odd = []
        following = latest = 0
        unpack = struct.Struct(">3I" if big else "<3I").unpack_from
        while 0 <= place <= len(data) - 16:
            second, part, size = unpack(data, place)
            if size > len(data) - place - 16:
                break
            at = second * _SECOND + part * unit
            if at >= until:
                following = at
                break
            frame = data[place + 16 : place + 16 + size]
            if not self._walk(frame, at):
                odd.append((frame, at, 0))
            latest = max(latest, at)
            place += 16 + size
        return place, following, latest, odd

    def learn(self, key: bytes, *owner: object) -> None:
        """See `Walker`."""
        if len(key) not in KEY_SIZES:
            raise ValueError("a key has 16 or 40 bytes")
        if owner:
            self._flows[key] = _Flow(owner[0])
        else:
            self._flows.pop(key, None)

    def gather(self, key: bytes, at: int, packet: bytes, /) -> bool:
        """See `Walker`."""
        flow = self._flows.get(key) if 12 <= len(packet) <= 0xFFFF else None
        if flow is None:
            return False
        if flow.owner is not None:
            if not flow.run:
                self._fresh.append(flow)
            flow.gather(at, packet)
            self.buffered += STAMP.size + len(packet)
            self.taken += 1
        return True

    def take(self, most: int | None = None, /) -> list[tuple[object, bytes, tuple[int, ...]]]:
        """See `Walker`."""
        fresh, self._fresh = self._fresh[:most], [] if most is None else self._fresh[most:]
        self.buffered -= sum(len(flow.run) for flow in fresh)
        taken: list[tuple[object, bytes, tuple[int, ...]]] = []
        for flow in fresh:
            types, above = flow.types & (1 << 64) - 1, flow.types >> 64
            counters = (flow.first, flow.last, flow.packets, flow.late, flow.lowest, flow.highest, types, above)
            taken.append((flow.owner, bytes(flow.run), counters))
            flow.run.clear()
        return taken

    def _walk(self, frame: bytes, at: int) -> bool:
        """Whether the frame was taken: one of a known stream, plain in every respect."""
        self.frames += 1
        found = _plain_rtp(frame)
        return found is not None and self.gather(found[0], at, frame[found[1] : found[2]])


def _plain_rtp(frame: bytes) -> tuple[bytes, int, int] | None:
    """(key, begin, end) of the RTP packet in an Ethernet frame without anything unusual; None for all others."""
    if len(frame) < 54:
        return None
    ip, kind, tags = 14, frame[12:14], 0
    while kind in _TAGS:
        if tags == _MAX_TAGS or len(frame) < ip + 4:
            return None
        kind, ip, tags = frame[ip + 2 : ip + 4], ip + 4, tags + 1
    if kind == b"\x08\x00":
        udp = ip + 20
        if len(frame) < udp + 20 or frame[ip] != 0x45 or frame[ip + 9] != 17 or frame[ip + 6] & 0x3F or frame[ip + 7]:
            return None
        length, told, hosts = _two(frame, udp + 4), _two(frame, ip + 2) - 20, frame[ip + 12 : udp]
    elif kind == b"\x86\xdd":
        udp = ip + 40
        if len(frame) < udp + 20 or frame[ip] >> 4 != 6 or frame[ip + 6] != 17:
            return None
        length, told, hosts = _two(frame, udp + 4), _two(frame, ip + 4), frame[ip + 8 : udp]
    else:
        return None
    begin, end = udp + 8, udp + length
    if length != told or length < 20 or end > len(frame) or frame[begin] >> 6 != 2 or frame[begin + 1] >> 5 == 6:
        return None  # a second byte of 192 to 223 is RTCP
    return hosts + frame[udp : udp + 4] + frame[begin + 8 : begin + 12], begin, end


def _two(frame: bytes, place: int) -> int:
    return frame[place] << 8 | frame[place + 1]


def fastest() -> Walker:
    """The walker in C where it could be built, else the one in Python."""
    try:
        from capture import _walk
    except ImportError:
        return Twin()
    return _walk.Walker()


def with_tag(frame: bytes, tag: int) -> bytes:
    """The frame with the VLAN tag that the kernel took out of it."""
    return frame[:12] + tag.to_bytes(4, "big") + frame[12:] if tag and len(frame) >= 12 else frame
