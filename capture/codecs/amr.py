"""AMR and AMR-WB: 4.75–12.2 and 6.6–23.85 kbit/s (3GPP TS 26.071, TS 26.171) in RTP (RFC 4867), decoded by FFmpeg: frames of 20 ms.

A payload begins with the mode that its sender asks for, then a table of contents with an entry a frame, then the frames' bits: by default
packed without a gap, with `octet-align=1` each padded to octets. FFmpeg takes frames as files hold them (RFC 4867 §5.3). Silence
descriptions, lost frames and frames that were damaged before they were sent are silence. Payloads with checksums, interleaving, sorted
bits or several channels are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from capture.codecs import CodecError, Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("AMR", "AMR-WB")
BITS = {
    "AMR": (95, 103, 118, 134, 148, 159, 204, 244, 39, 43, 38, 37, None, None, None, 0),
    "AMR-WB": (132, 177, 253, 285, 317, 365, 397, 461, 477, 40, None, None, None, None, 0, 0),
}
"""Bits of each frame type (TS 26.101 table 1a, TS 26.201 table 2); None where the type is reserved."""
MOST = 12
"""Frames a payload: more than a quarter of a second is no speech."""
SPEECH = {"AMR": 8, "AMR-WB": 9}
"""Frame types below are speech."""
_NAMES = {"AMR": "amrnb", "AMR-WB": "amrwb"}
_FOREIGN = re.compile(r"(?:^|[;\s])(?:crc=1|robust-sorting=1|interleaving=\d+)", re.ASCII)


def sample_rate(encoding: Encoding) -> int:
    """8 or 16 kHz."""
    return 16000 if encoding.name == "AMR-WB" else 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """20 ms for each frame of the table of contents."""
    length = sample_rate(encoding) // 50
    return np.array([length * len(_contents(payload, encoding)[0]) for payload in payloads], dtype=np.int64)


class Decoder:
    """Keeps the synthesis filter's state from frame to frame."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._frames = FrameDecoder(_NAMES[encoding.name], sample_rate(encoding))

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every frame. Raises CodecError."""
        if _FOREIGN.search(self._encoding.parameters) or self._encoding.channels > 1:
            raise CodecError(f"{self._encoding.name}: {self._encoding.parameters or 'several channels'} is not understood")
        return self._frames.decode(frame for payload in payloads for frame in self._each(payload))

    def _each(self, payload: bytes) -> Iterator[Frame]:
        name, length = self._encoding.name, sample_rate(self._encoding) // 50
        types, places = _contents(payload, self._encoding)
        bits, whole = int.from_bytes(payload), 8 * len(payload)
        for (kind, good), (begin, _) in zip(types, pairwise([*places, 0]), strict=True):
            size = BITS[name][kind] or 0
            if kind >= SPEECH[name] or not good:
                yield Frame(b"", length)
                continue
            speech = bits >> whole - begin - size & (1 << size) - 1
            padded = speech << -size % 8
            yield Frame(bytes([kind << 3 | 4]) + padded.to_bytes((size + 7) // 8), length)


def _contents(payload: bytes, encoding: Encoding) -> tuple[list[tuple[int, bool]], list[int]]:
    """(type, whether undamaged) of each frame, and at which bit it begins; nothing where the payload is none (RFC 4867 §4.3, §4.4)."""
    aligned = re.search(r"(?:^|[;\s])octet-align\s*=\s*1", encoding.parameters) is not None
    if len(payload) > 2 + MOST * 64:
        return [], []
    bits, whole = int.from_bytes(payload), 8 * len(payload)
    place, width = (8, 8) if aligned else (4, 6)
    types: list[tuple[int, bool]] = []
    more = True
    while more:
        if len(types) >= MOST or place + width > whole:
            return [], []
        entry = bits >> whole - place - 6 & 63
        types.append((entry >> 1 & 15, bool(entry & 1)))
        more, place = bool(entry & 32), place + width
    places = []
    for kind, _ in types:
        size = BITS[encoding.name][kind]
        if size is None or place + size > whole:
            return [], []
        places.append(place)
        place += size + (-size % 8 if aligned else 0)
    return types, places
