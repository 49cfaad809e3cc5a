"""The form of spool files: blocks that are only ever appended, each with its own checksum. Pure.

    magic "ASp1" | kind, 1 byte | 3 zero bytes | length, u32 | CRC-32 of the body, u32 | body            (big endian)

Kinds: `D` a description (JSON), `P` packets (each behind 8 bytes of time in ns and 2 of length), `S` one SIP message,
`R` RTCP, `H` a mark of a pause (JSON). A power cut leaves a torn last block, a bad disk a damaged one in the middle: the reader passes
over what does not hold and goes on at the next magic, so that everything that was written whole is read.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from capture.frames import Address
from capture.marks import Mark
from capture.walk import STAMP

MAGIC = b"ASp1"
_HEAD = struct.Struct(">4sc3xII")
DESCRIPTION, PACKETS, SIP, RTCP, PAUSE = b"D", b"P", b"S", b"R", b"H"
MAX_BODY = 64 * 1024 * 1024
_SCAN = 1 << 16


class Block(NamedTuple):
    """One whole block."""

    kind: bytes
    body: bytes


class Damage:
    """Counts the bytes that a reader had to pass over."""

    def __init__(self) -> None:
        self.bytes = 0


def encode(kind: bytes, body: bytes) -> bytes:
    """A block as it stands in the file."""
    return head(kind, body) + body


def head(kind: bytes, body: bytes) -> bytes:
    """What stands before a block's body."""
    return _HEAD.pack(MAGIC, kind, len(body), zlib.crc32(body))


def read(file: IO[bytes], damage: Damage | None = None) -> Iterator[Block]:
    """Every whole block from the file's position on, in order; the rest is counted in `damage`."""
    damage = damage or Damage()
    while head := file.read(_HEAD.size):
        place = file.tell() - len(head)
        block = _whole(file, head)
        if block is not None:
            yield block
            continue
        following = _next_magic(file, place + 1)
        if following is None:
            file.seek(0, 2)
            damage.bytes += file.tell() - place
            return
        damage.bytes += following - place
        file.seek(following)


def whole(data: bytes) -> tuple[list[Block], int]:
    """The whole blocks of a file that still grows, and how many of these bytes they and what is damaged between them take up."""
    found, place = [], 0
    while place + _HEAD.size <= len(data):
        magic, kind, length, check = _HEAD.unpack_from(data, place)
        end = place + _HEAD.size + length
        if magic == MAGIC and length <= MAX_BODY:
            if end > len(data):
                break
            body = data[place + _HEAD.size : end]
            if zlib.crc32(body) == check:
                found.append(Block(kind, body))
                place = end
                continue
        following = data.find(MAGIC, place + 1)
        place = following if following >= 0 else max(place + 1, len(data) - len(MAGIC) + 1)
    return found, min(place, len(data))


def last(file: IO[bytes], kind: bytes) -> Block | None:
    """The last whole block of this kind, sought from the file's end: a long file is not read through for it."""
    start = file.seek(0, 2)
    while start > 0:
        behind, start = start, max(0, start - _SCAN)
        file.seek(start)
        held = file.read(behind - start + len(MAGIC) - 1)
        place = held.rfind(MAGIC)
        while place >= 0:
            file.seek(start + place)
            block = _whole(file, file.read(_HEAD.size))
            if block is not None and block.kind == kind:
                return block
            place = held.rfind(MAGIC, 0, place + len(MAGIC) - 1)
    return None


def _whole(file: IO[bytes], head: bytes) -> Block | None:
    """The block of this head, its body read from the file; None where it is torn or damaged."""
    if len(head) < _HEAD.size:
        return None
    magic, kind, length, check = _HEAD.unpack(head)
    if magic != MAGIC or length > MAX_BODY:
        return None
    body = file.read(length)
    return Block(kind, body) if len(body) == length and zlib.crc32(body) == check else None


def _next_magic(file: IO[bytes], start: int) -> int | None:
    """Where the next magic stands at or behind `start`."""
    file.seek(start)
    held = b""
    while piece := file.read(_SCAN):
        held += piece
        found = held.find(MAGIC)
        if found >= 0:
            return start + found
        keep = min(len(held), len(MAGIC) - 1)
        start += len(held) - keep
        held = held[len(held) - keep :]
    return None


def packets(body: bytes) -> Iterator[tuple[int, bytes]]:
    """(time in ns, packet) of each packet in a `P` block's body, as far as they are whole."""
    place = 0
    while place + STAMP.size <= len(body):
        at, length = STAMP.unpack_from(body, place)
        place += STAMP.size
        if place + length <= len(body):
            yield at, body[place : place + length]
        place += length


def description(facts: Mapping[str, Any]) -> bytes:
    """A `D` block of these facts."""
    return encode(DESCRIPTION, json.dumps(dict(facts), sort_keys=True).encode())


def read_description(body: bytes) -> dict[str, Any]:
    """The facts of a `D` block."""
    facts: dict[str, Any] = json.loads(body)
    return facts


def ends(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that the described stream was sent from and to."""
    return tuple(str(Address(bytes.fromhex(host), port)) for host, port in (facts["source"], facts["destination"]))


def pause(mark: Mark) -> bytes:
    """An `H` block."""
    return encode(PAUSE, json.dumps(mark._asdict(), sort_keys=True).encode())


def read_pause(body: bytes) -> Mark:
    """The mark of an `H` block."""
    return Mark(**json.loads(body))


class SipBlock(NamedTuple):
    """A SIP message (or a datagram of RTCP) as it was seen."""

    at: int
    source: Address
    destination: Address
    raw: bytes


def sip_message(message: SipBlock, kind: bytes = SIP) -> bytes:
    """An `S` block, or another of its form."""
    ends = b"".join(
        bytes([len(address.host)]) + address.host + address.port.to_bytes(2, "big")
        for address in (message.source, message.destination)
    )
    return encode(kind, message.at.to_bytes(8, "big") + ends + message.raw)


def read_sip(body: bytes) -> SipBlock:
    """The message of an `S` or `R` block."""
    place = 8
    ends = []
    for _ in range(2):
        size = body[place]
        host = body[place + 1 : place + 1 + size]
        ends.append(Address(host, int.from_bytes(body[place + 1 + size : place + 3 + size], "big")))
        place += 3 + size
    return SipBlock(int.from_bytes(body[:8], "big"), ends[0], ends[1], body[place:])
