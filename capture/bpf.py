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
_LOAD_HALF, _LOAD_BYTE, _EQUAL, _ANY_OF, _RETURN = 0x28, 0x30, 0x15, 0x45, 0x06
_LOAD_WORD_BEHIND, _LOAD_HALF_BEHIND, _LOAD_BYTE_BEHIND = 0x40, 0x48, 0x50
"""Relative to the index register."""
_IPV4_SIZE, _INDEX = 0xB1, 0x01
"""Into the index register: the length of the IPv4 header that begins here, or this number."""
_UDP, _FRAGMENT = 17, 0x3FFF


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
    """The ring's filter."""
    return _assembled(list(_steps()))


def invites() -> list[Instruction]:
    """Passes nothing but whole UDP datagrams that begin with "INVITE ", without a tunnel."""
    return _assembled(list(_invite_steps()))


def _assembled(steps: list[_Step]) -> list[Instruction]:
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


def _invite_steps() -> Iterator[_Step]:
    for level in range(LEVELS + 1):
        kind = 12 + 4 * level
        ip = kind + 2
        yield _Step(_LOAD_HALF, kind, label=f"level {level}")
        yield _Step(_EQUAL, ETHERTYPE_IPV4, f"IPv4 {level}")
        yield _Step(_EQUAL, ETHERTYPE_IPV6, f"IPv6 {level}")
        for tag in sorted(TAGS) if level < LEVELS else ():
            yield _Step(_EQUAL, tag, f"level {level + 1}")
        yield _Step(_RETURN, _DROP)
        yield _Step(_LOAD_HALF, ip + 6, label=f"IPv4 {level}")
        yield _Step(_ANY_OF, _FRAGMENT, f"drop {level}")
        yield _Step(_LOAD_BYTE, ip + 9)
        yield _Step(_EQUAL, _UDP, f"UDP on IPv4 {level}")
        yield _Step(_RETURN, _DROP, label=f"drop {level}")
        yield _Step(_IPV4_SIZE, ip, label=f"UDP on IPv4 {level}")
        yield from _method(f"IPv4 {level}", ip + 8)
        yield _Step(_LOAD_BYTE, ip + 6, label=f"IPv6 {level}")
        yield _Step(_EQUAL, _UDP, f"UDP on IPv6 {level}")
        yield _Step(_RETURN, _DROP)
        yield _Step(_INDEX, 40, label=f"UDP on IPv6 {level}")
        yield from _method(f"IPv6 {level}", ip + 8)
    yield _Step(_RETURN, _ACCEPT, label="accept")


def _method(name: str, place: int) -> Iterator[_Step]:
    """Whether the method stands at this place behind the index register; `name` is for the labels."""
    yield _Step(_LOAD_WORD_BEHIND, place)
    yield _Step(_EQUAL, int.from_bytes(b"INVI", "big"), f"{name}, TE")
    yield _Step(_RETURN, _DROP)
    yield _Step(_LOAD_HALF_BEHIND, place + 4, label=f"{name}, TE")
    yield _Step(_EQUAL, int.from_bytes(b"TE", "big"), f"{name}, space")
    yield _Step(_RETURN, _DROP)
    yield _Step(_LOAD_BYTE_BEHIND, place + 6, label=f"{name}, space")
    yield _Step(_EQUAL, ord(" "), "accept")
    yield _Step(_RETURN, _DROP)
