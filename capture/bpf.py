"""The kernel's filter of a mirror port: whatever may carry a call passes, everything else never reaches the ring. Pure.

A classic BPF program (Documentation/networking/filter.rst), made from what `frames.py` takes apart: IPv4 and IPv6 with UDP, TCP or a
tunnel, fragments and extension headers too, behind up to TAGS VLAN tags; MPLS and PPPoE. The usual `udp or (vlan and udp)` would
lose signalling over TCP and every tunnel. The kernel takes the outermost tag out of a frame before the filter sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from capture import tunnels
from capture.frames import CARRIED, ETHERTYPE_IPV4, ETHERTYPE_IPV6, EXTENSIONS, TAGS

LEVELS = 3
"""Tags in a frame, besides the one that the kernel took out; what has more passes."""
_ACCEPT, _DROP = 0x40000, 0
_LOAD_HALF, _LOAD_BYTE, _EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06


class Instruction(NamedTuple):
    """One instruction: operation, how far to jump if true and if false, operand."""

    code: int
    true: int
    false: int
    operand: int

    def encode(self) -> bytes:
        """As struct sock_filter (linux/filter.h)."""
        return struct.pack("=HBBI", *self)


class _Step(NamedTuple):
    """An instruction whose jumps are names of places; "" is the next instruction."""

    code: int
    operand: int
    true: str = ""
    label: str = ""


def program() -> list[Instruction]:
    """The filter's instructions."""
    steps = list(_steps())
    places = {step.label: place for place, step in enumerate(steps) if step.label}
    return [
        Instruction(step.code, places[step.true] - place - 1 if step.true else 0, 0, step.operand)
        for place, step in enumerate(steps)
    ]


def _steps() -> Iterator[_Step]:
    for level in range(LEVELS + 1):
        kind = 12 + 4 * level
        yield _Step(_LOAD_HALF, kind, label=f"level {level}")
        yield _Step(_EQUAL, ETHERTYPE_IPV4, f"IPv4 {level}")
        yield _Step(_EQUAL, ETHERTYPE_IPV6, f"IPv6 {level}")
        for ethertype in sorted(tunnels.BY_ETHERTYPE):
            yield _Step(_EQUAL, ethertype, "accept")
        for tag in sorted(TAGS):
            yield _Step(_EQUAL, tag, f"level {level + 1}" if level < LEVELS else "accept")
        yield _Step(_RETURN, _DROP)
        yield from _protocols(f"IPv4 {level}", kind + 2 + 9, CARRIED)
        yield from _protocols(f"IPv6 {level}", kind + 2 + 6, CARRIED | EXTENSIONS)
    yield _Step(_RETURN, _ACCEPT, label="accept")


def _protocols(label: str, place: int, wanted: frozenset[int]) -> Iterator[_Step]:
    yield _Step(_LOAD_BYTE, place, label=label)
    for protocol in sorted(wanted):
        yield _Step(_EQUAL, protocol, "accept")
    yield _Step(_RETURN, _DROP)
