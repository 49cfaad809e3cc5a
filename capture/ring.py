"""The kernel's packet ring: AF_PACKET with TPACKET_V3 (packet(7), Documentation/networking/packet_mmap.rst).

The kernel writes frames into shared memory; a block goes back to it only when what the block held is on the spool. The socket is
kept alive by whoever started the tap (systemd's file descriptor store, or the supervisor of `appliance demo`): when a tap is
killed, the ring goes on filling, the next tap finds every block that was not given back, and the call loses nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import select
import socket
import struct
from collections.abc import Callable, Iterator

from appliance.errors import CouldNotError
from appliance.moments import SECOND
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 1, 5, 6, 10
PACKET_MR_PROMISC, TPACKET_V3 = 1, 2
ETH_P_ALL = 3
SIOCGIFFLAGS, IFF_UP = 0x8913, 1
ARPHRD = {1: LINK_ETHERNET, 772: LINK_ETHERNET}
BLOCK = 1 << 16
"""Small and many: a block is handed over every RETIRE_MS however little it holds, so their number bounds how long a tap may be away
(1,024 blocks of the default 64 MB: ten seconds)."""
MAX_BLOCKS = 1 << 15
FRAME = 2048
RETIRE_MS = 10
"""A block that is not full is handed over after this long: it bounds the delay of a ring at the INVITE."""
LOOK_S = 0.01
STATUS_KERNEL, STATUS_USER = 0, 1
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40

_BLOCK_HEAD = struct.Struct("=IIIIIIQ")
"""version, offset to private, status, packets, offset to first packet, length, sequence number."""
_FRAME_HEAD = struct.Struct("=IIIIIIHH")
"""next offset, seconds, nanoseconds, captured length, wire length, status, offset to MAC, offset to network."""
_VLAN = struct.Struct("=IIHH")
"""(in the variant header) rxhash, TCI, TPID, padding."""


class RingError(CouldNotError):
    """The interface cannot be listened on."""


def open_socket(interface: str, megabytes: int) -> socket.socket:
    """A packet socket with its ring, bound to the interface in promiscuous mode; needs CAP_NET_RAW. Raises RingError."""
    try:
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as error:
        raise RingError(f"{interface}: listening needs CAP_NET_RAW; start as root, or through the systemd unit") from error
    try:
        _must_be_up(packets, interface)
        packets.setsockopt(SOL_PACKET, PACKET_VERSION, struct.pack("i", TPACKET_V3))
        blocks = max(4, megabytes * (1 << 20) // BLOCK)
        ring = struct.pack("7I", BLOCK, blocks, FRAME, BLOCK * blocks // FRAME, RETIRE_MS, 0, 0)
        packets.setsockopt(SOL_PACKET, PACKET_RX_RING, ring)
        packets.bind((interface, ETH_P_ALL))
        index = socket.if_nametoindex(interface)
        packets.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
    except RingError:
        packets.close()
        raise
    except OSError as error:
        packets.close()
        raise RingError(
            f"{interface}: cannot be listened on ({error.strerror}); `ip link` shows the interfaces there are"
        ) from error
    return packets


def _must_be_up(packets: socket.socket, interface: str) -> None:
    request = struct.pack("16sH14x", interface.encode()[:15], 0)
    flags = struct.unpack("16sH14x", fcntl.ioctl(packets, SIOCGIFFLAGS, request))[1]
    if not flags & IFF_UP:
        raise RingError(f"{interface}: is down; run: ip link set {interface} up")


class Ring:
    """The mapped ring of a packet socket. Blocks are read in the kernel's order and given back by `release`."""

    def __init__(self, packets: socket.socket) -> None:
        self._socket = packets
        self._map = _map_ring(packets)
        self._blocks = len(self._map) // BLOCK
        self._next = self._first_waiting()
        self._held: list[int] = []
        self.received = 0
        self.dropped = 0

    def fileno(self) -> int:
        """Readable when a block waits."""
        return self._socket.fileno()

    def wait(self, timeout: float, *also: int) -> None:
        """Until a block waits, another descriptor is readable, or `timeout` seconds are over; early returns are possible.

        While we hold a block poll(2) always says "readable" (it looks at the last finished block), so then we look by ourselves.
        """
        if self._waits(self._next):
            return
        if self._held:
            select.select(also, [], [], min(timeout, LOOK_S))
        else:
            select.select([self._socket.fileno(), *also], [], [], timeout)

    def drain(self, blocks: int, prepare: Callable[[mmap.mmap, int], None] | None = None) -> Iterator[Captured]:
        """The frames of up to so many waiting blocks, each prepared first; the blocks stay ours until `release`."""
        for _ in range(blocks):
            if len(self._held) >= self._blocks or not self._waits(self._next):
                return
            index = self._next
            self._held.append(index)
            self._next = (index + 1) % self._blocks
            if prepare is not None:
                prepare(self._map, index * BLOCK)
            yield from self._frames(index * BLOCK)

    @property
    def full(self) -> bool:
        """Whether every block is ours, so that the kernel has none to write into."""
        return len(self._held) >= self._blocks

    def release(self) -> None:
        """Give every drained block back: what it held is safe."""
        for index in self._held:
            struct.pack_into("=I", self._map, index * BLOCK + 8, STATUS_KERNEL)
        self._held.clear()

    def statistics(self) -> tuple[int, int]:
        """(frames received, frames dropped by the kernel) since the ring was mapped."""
        received, dropped, _ = struct.unpack("III", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))
        self.received += received
        self.dropped += dropped
        return self.received, self.dropped

    def close(self) -> None:
        """Unmap; the socket stays open for whoever keeps it."""
        self._map.close()

    def _first_waiting(self) -> int:
        """Where to go on: the oldest block that was never given back, or the one that the kernel is filling (the newest)."""
        heads = [_BLOCK_HEAD.unpack_from(self._map, index * BLOCK) for index in range(self._blocks)]
        waiting = [(head[6], index) for index, head in enumerate(heads) if head[2] & STATUS_USER]
        if waiting:
            return min(waiting)[1]
        return max((head[6], index) for index, head in enumerate(heads))[1]

    def _waits(self, index: int) -> bool:
        return bool(struct.unpack_from("=I", self._map, index * BLOCK + 8)[0] & STATUS_USER)

    def _frames(self, base: int) -> Iterator[Captured]:
        _, _, _, count, first, _, _ = _BLOCK_HEAD.unpack_from(self._map, base)
        place, memory, unpack = base + first, self._map, _FRAME_HEAD.unpack_from
        for _ in range(count):
            step, second, nanosecond, length, _, status, mac, _ = unpack(memory, place)
            frame = memory[place + mac : place + mac + length]
            if status & VLAN_VALID:
                frame = _with_tag(frame, memory, place, status)
            yield Captured(LINK_ETHERNET, frame, second * SECOND + nanosecond)
            place += step


def _with_tag(frame: bytes, memory: mmap.mmap, place: int, status: int) -> bytes:
    """The frame with the VLAN tag that the kernel took out of it."""
    _, tci, tpid, _ = _VLAN.unpack_from(memory, place + _FRAME_HEAD.size)
    kind = tpid if status & VLAN_TPID_VALID else 0x8100
    return frame[:12] + struct.pack(">HH", kind, tci) + frame[12:]


def _map_ring(packets: socket.socket) -> mmap.mmap:
    """The socket's ring, mapped. A socket that was handed over does not tell its size, and only the exact size can be mapped."""
    for blocks in range(1, MAX_BLOCKS + 1):
        with contextlib.suppress(OSError, ValueError):
            return mmap.mmap(packets.fileno(), blocks * BLOCK)
    raise RingError("the packet socket that was handed over has no ring of ours; restart the box")
