"""AMR and AMR-WB: 4.75–12.2 and 6.6–23.85 kbit/s (3GPP TS 26.071, TS 26.171) in RTP (RFC 4867), decoded by FFmpeg: frames of 20 ms.

A payload begins with the mode that its sender asks for, then a table of contents with an entry a frame, then the frames' bits: by default
packed without a gap, with `octet-align=1` each padded to octets. FFmpeg takes frames as files hold them (RFC 4867 §5.3). Silence
descriptions, lost frames and frames that were damaged before they were sent are silence.

Checksums (`crc=1`), sorted octets (`robust-sorting=1`) and interleaving imply whole octets (RFC 4867 §8.1). Checksums are passed over:
UDP has its own. Several channels are averaged. Of an interleaved group each payload lasts until the next one's timestamp, and the last one
as long as the rest of the group: where the last one is lost, so is what the others had for its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("AMR", "AMR-WB")
BITS = {
    "AMR": (95, 103, 118, 134, 148, 159, 204, 244, 39, 43, 38, 37, None, None, None, 0),
    "AMR-WB": (132, 177, 253, 285, 317, 365, 397, 461, 477, 40, None, None, None, None, 0, 0),
}
"""Bits of each frame type (TS 26.101 table 1a, TS 26.201 table 2); None where the type is reserved."""
MOST = 12
"""Frames of a channel in a payload: more than a quarter of a second is no speech."""
MOST_CHANNELS = 6
"""Of RFC 4867 §4.1."""
MOST_TOGETHER = 100
"""Frames of a channel in an interleaved group: two seconds."""
SPEECH = {"AMR": 8, "AMR-WB": 9}
"""Frame types below are speech."""
_NAMES = {"AMR": "amrnb", "AMR-WB": "amrwb"}
Block = tuple[Frame, ...]
"""The frames of all channels for the same 20 ms."""


class _Packing(NamedTuple):
    """What the session's parameters say of its payloads."""

    aligned: bool
    checked: bool
    by_octets: bool
    """The first octet of every frame, then the second of every frame, and so on (RFC 4867 §4.4.3)."""
    together: int
    """Most frames of a channel in an interleaved group; 0 without interleaving."""


class _Contents(NamedTuple):
    """A payload's head and table of contents (RFC 4867 §4.3, §4.4)."""

    entries: list[tuple[int, bool]]
    """(type, whether undamaged) of each frame."""
    place: int
    """At which bit the frames begin."""
    rounds: int = 1
    """Payloads of the interleaved group."""
    turn: int = 0
    """Which one of them this is."""


def sample_rate(encoding: Encoding) -> int:
    """8 or 16 kHz."""
    return 16000 if encoding.name == "AMR-WB" else 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """20 ms for each block of frames; of an interleaved group the last payload lasts what the others have left."""
    length = sample_rate(encoding) // 50
    return np.array([length * _blocks(_contents(payload, encoding), encoding) for payload in payloads], dtype=np.int64)


class Decoder:
    """Keeps the synthesis filter's state from frame to frame."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._length = sample_rate(encoding) // 50
        channels = min(encoding.channels, MOST_CHANNELS)
        self._channels = [FrameDecoder(_NAMES[encoding.name], sample_rate(encoding)) for _ in range(channels)]
        self._group, self._waiting = (0, 0, 0), dict[int, Block]()
        """Of the interleaved group: payloads, blocks of each, turn of the last; blocks whose time has not come."""

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every frame. Raises CodecError."""
        blocks = [block for payload in payloads for block in self._in_order(payload)]
        found = [channel.decode(block[place] for block in blocks) for place, channel in enumerate(self._channels)]
        return found[0] if len(found) == 1 else np.rint(np.mean(found, axis=0)).astype(np.int16)

    def _in_order(self, payload: bytes) -> Iterator[Block]:
        """The blocks for the time that this payload lasts."""
        contents = _contents(payload, self._encoding)
        if contents is None:
            return
        frames, channels = list(self._frames(payload, contents)), len(self._channels)
        blocks = [tuple(frames[begin : begin + channels]) for begin in range(0, len(frames), channels)]
        rounds, turn = contents.rounds, contents.turn
        if self._group[:2] != (rounds, len(blocks)) or turn <= self._group[2]:
            self._waiting.clear()
        self._group = (rounds, len(blocks), turn)
        self._waiting.update({turn + number * rounds: block for number, block in enumerate(blocks)})
        nothing = (Frame(b"", self._length),) * channels
        for place in range(turn, turn + _blocks(contents, self._encoding)):
            yield self._waiting.pop(place, nothing)

    def _frames(self, payload: bytes, contents: _Contents) -> Iterator[Frame]:
        name = self._encoding.name
        sizes = [BITS[name][kind] or 0 for kind, _ in contents.entries]
        packing = _packing(self._encoding)
        speech = _sorted(payload[contents.place // 8 :], sizes) if packing.by_octets else payload
        bits, whole = int.from_bytes(speech), 8 * len(speech)
        place = 0 if packing.by_octets else contents.place
        for (kind, good), size in zip(contents.entries, sizes, strict=True):
            if kind >= SPEECH[name] or not good:
                yield Frame(b"", self._length)
            else:
                padded = (bits >> whole - place - size & (1 << size) - 1) << -size % 8
                yield Frame(bytes([kind << 3 | 4]) + padded.to_bytes((size + 7) // 8), self._length)
            place += size + (-size % 8 if packing.aligned else 0)


@cache
def _packing(encoding: Encoding) -> _Packing:
    told = dict(re.findall(r"(?:^|[;\s])([a-z-]+)\s*=\s*(\d+)", encoding.parameters.lower(), re.ASCII))
    checked, by_octets = told.get("crc") == "1", told.get("robust-sorting") == "1"
    together = min(int(told.get("interleaving", "0")[:9]), MOST_TOGETHER)
    return _Packing(told.get("octet-align") == "1" or checked or by_octets or together > 0, checked, by_octets, together)


def _contents(payload: bytes, encoding: Encoding) -> _Contents | None:
    """What the payload holds; None where it is none."""
    packing, most = _packing(encoding), MOST * encoding.channels
    if encoding.channels > MOST_CHANNELS or len(payload) > 3 + most * 64:
        return None
    bits, whole = int.from_bytes(payload), 8 * len(payload)
    place, width = (16 if packing.together else 8, 8) if packing.aligned else (4, 6)
    rounds, turn = ((payload[1] >> 4) + 1, payload[1] & 15) if packing.together and len(payload) > 1 else (1, 0)
    entries: list[tuple[int, bool]] = []
    more = True
    while more:
        if len(entries) >= most or place + width > whole:
            return None
        entry = bits >> whole - place - 6 & 63
        entries.append((entry >> 1 & 15, bool(entry & 1)))
        more, place = bool(entry & 32), place + width
    sizes = [BITS[encoding.name][kind] for kind, _ in entries]
    if packing.checked:
        place += 8 * sum(size != 0 for size in sizes)
    held = sum(size + (-size % 8 if packing.aligned else 0) for size in sizes if size is not None)
    whole_blocks = len(entries) % encoding.channels == 0
    if None in sizes or place + held > whole or not whole_blocks or turn >= rounds:
        return None
    if rounds * len(entries) // encoding.channels > (packing.together or most):
        return None
    return _Contents(entries, place, rounds, turn)


def _blocks(contents: _Contents | None, encoding: Encoding) -> int:
    """For how many blocks of frames the payload stands."""
    if contents is None:
        return 0
    blocks = len(contents.entries) // encoding.channels
    return 1 if contents.turn < contents.rounds - 1 else contents.rounds * blocks - contents.turn


def _sorted(speech: bytes, sizes: list[int]) -> bytes:
    """Frames one behind the other, from octets that were sorted by their place in the frames."""
    lengths = [(size + 7) // 8 for size in sizes]
    frames = [bytearray() for _ in lengths]
    octets = iter(speech)
    for place in range(max(lengths)):
        for frame, length in zip(frames, lengths, strict=True):
            if place < length:
                frame.append(next(octets))
    return b"".join(frames)
