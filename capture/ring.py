"""The kernel's packet ring: AF_PACKET with TPACKET_V3 (packet(7), Documentation/networking/packet_mmap.rst).

The kernel writes frames into shared memory; a block goes back to it only when what the block held is on the spool. The socket is
kept alive by whoever started the tap (systemd's file descriptor store, or the supervisor of `appliance demo`): when a tap is
killed, the ring goes on filling, the next tap finds every block that was not given back, and the call loses nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import select
import socket
import struct
from collections.abc import Iterator

from appliance.errors import CouldNotError
from capture import bpf
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from capture.walk import Twin, with_tag

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 1, 5, 6, 10
PACKET_MR_PROMISC, TPACKET_V3 = 1, 2
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
SIOCGIFFLAGS, IFF_UP = 0x8913, 1
ARPHRD = {1: LINK_ETHERNET, 772: LINK_ETHERNET}
BLOCK = 1 << 16
"""Small and many: a block is handed over every RETIRE_MS however little it holds, so their number bounds how long a tap may be away
(1,024 blocks of the default 64 MB: twenty seconds, or until they are full: at 100 calls of G.711, 10,000 packets/s, twenty too)."""
MAX_BLOCKS = 1 << 15
FRAME = 2048
RETIRE_MS = 20
"""A block that is not full is handed over after this long."""
LOOK_S = 0.04
"""How often a ring with traffic is looked at."""
STATUS_KERNEL, STATUS_USER = 0, 1

_BLOCK_HEAD = struct.Struct("=IIIIIIQ")
"""version, offset to private, status, packets, offset to first packet, length, sequence number."""


class RingError(CouldNotError):
    """The interface cannot be listened on."""


def open_socket(interface: str, megabytes: int, *, everything: bool = False) -> socket.socket:
    """A packet socket with its ring, bound to the interface in promiscuous mode; needs CAP_NET_RAW. Raises RingError.

    Only what may carry a call passes (`bpf.py`), unless `everything` is wanted.
    """
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
        if not everything:
            attach(packets, bpf.program())
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


def attach(packets: socket.socket, instructions: list[bpf.Instruction]) -> None:
    """Attach this filter (struct sock_fprog: number of instructions, where they lie). Raises OSError."""
    code = ctypes.create_string_buffer(b"".join(step.encode() for step in instructions))
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(instructions), ctypes.addressof(code)))


def _must_be_up(packets: socket.socket, interface: str) -> None:
    request = struct.pack("16sH14x", interface.encode()[:15], 0)
    flags = struct.unpack("16sH14x", fcntl.ioctl(packets, SIOCGIFFLAGS, request))[1]
    if not flags & IFF_UP:
        raise RingError(f"{interface}: is down; run: ip link set {interface} up")


class Ring:
    """The mapped ring of a packet socket. Blocks are read in the kernel's order and given back by `release`."""

    def __init__(self, packets: socket.socket) -> None:
        self._socket = packets
        self.memory = _map_ring(packets)
        self._blocks = len(self.memory) // BLOCK
        self._next = self._first_waiting()
        self._held: list[int] = []
        self.received = 0
        self.dropped = 0

    def fileno(self) -> int:
        """Readable when a block waits."""
        return self._socket.fileno()

    def wait(self, timeout: float, *also: int) -> list[int]:
        """Until a block waits, another descriptor is readable, or `timeout` seconds are over; returns the others that are readable.
        Early returns are possible.

        While we hold a block poll(2) always says "readable" (it looks at the last finished block), so then we look by ourselves,
        now and then: with much traffic a round for every block would cost more than what it does.
        """
        ours: tuple[int, ...] = ()
        if self._waits(self._next):
            timeout = 0.0
        elif self._held:
            timeout = min(timeout, LOOK_S)
        else:
            ours = (self._socket.fileno(),)
        readable = select.select([*ours, *also], [], [], timeout)[0]
        return [handle for handle in readable if handle not in ours]

    def blocks(self, most: int) -> Iterator[int]:
        """Where each of up to so many waiting blocks begins in `memory`; the blocks stay ours until `release`."""
        for _ in range(most):
            if len(self._held) >= self._blocks or not self._waits(self._next):
                return
            index = self._next
            self._held.append(index)
            self._next = (index + 1) % self._blocks
            yield index * BLOCK

    def drain(self, most: int) -> Iterator[Captured]:
        """The frames of up to so many waiting blocks, one by one: for whoever has no walker."""
        walker = Twin()
        for start in self.blocks(most):
            for frame, at, tag in walker.block(self.memory, start, start + BLOCK):
                yield Captured(LINK_ETHERNET, with_tag(frame, tag), at)

    @property
    def holds(self) -> bool:
        """Whether a block is ours."""
        return bool(self._held)

    @property
    def full(self) -> bool:
        """Whether every block is ours, so that the kernel has none to write into."""
        return len(self._held) >= self._blocks

    @property
    def scarce(self) -> bool:
        """Whether so many blocks are ours that the kernel may soon have none."""
        return len(self._held) >= self._blocks // 2

    def release(self) -> None:
        """Give every drained block back: what it held is safe."""
        for index in self._held:
            struct.pack_into("=I", self.memory, index * BLOCK + 8, STATUS_KERNEL)
        self._held.clear()

    def statistics(self) -> tuple[int, int]:
        """(frames received, frames dropped by the kernel) since the ring was mapped."""
        received, dropped, _ = struct.unpack("III", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))
        self.received += received
        self.dropped += dropped
        return self.received, self.dropped

    def close(self) -> None:
        """Unmap; the socket stays open for whoever keeps it."""
        self.memory.close()

    def _first_waiting(self) -> int:
        """Where to go on: the oldest block that was never given back, or the one that the kernel is filling (the newest)."""
        heads = [_BLOCK_HEAD.unpack_from(self.memory, index * BLOCK) for index in range(self._blocks)]
        waiting = [(head[6], index) for index, head in enumerate(heads) if head[2] & STATUS_USER]
        if waiting:
            return min(waiting)[1]
        return max((head[6], index) for index, head in enumerate(heads))[1]

    def _waits(self, index: int) -> bool:
        return bool(struct.unpack_from("=I", self.memory, index * BLOCK + 8)[0] & STATUS_USER)


def _map_ring(packets: socket.socket) -> mmap.mmap:
    """The socket's ring, mapped. A socket that was handed over does not tell its size, and only the exact size can be mapped."""
    for blocks in range(1, MAX_BLOCKS + 1):
        with contextlib.suppress(OSError, ValueError):
            return mmap.mmap(packets.fileno(), blocks * BLOCK)
    raise RingError("the packet socket that was handed over has no ring of ours; restart the box")
