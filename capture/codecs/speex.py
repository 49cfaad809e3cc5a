"""SPEEX: narrowband, wideband and ultra-wideband (the Speex manual, RFC 5574), decoded by FFmpeg: frames of 20 ms, any number a payload.

How many frames a payload holds is written nowhere: the bits of each say which kind it is, and with that how many they are.
"""

from __future__ import annotations

import struct
from functools import partial

import av
import numpy as np

from capture.codecs import CodecError, Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("SPEEX",)
MODES = {8000: 0, 16000: 1, 32000: 2}
_NARROW = {0: 5, 1: 43, 2: 119, 3: 160, 4: 220, 5: 300, 6: 364, 7: 492, 8: 79}
"""Bits of a narrowband frame of each submode, with its 5 bits of header (Speex manual, table 9.2)."""
_WIDE = {0: 4, 1: 36, 2: 112, 3: 192, 4: 352}
"""Bits of a layer above it, with its 4 bits of header (table 10.2)."""
_MOST = 10
"""Frames a payload: 200 ms (RFC 5574 §3.3 speaks of `ptime` up to that)."""


def sample_rate(encoding: Encoding) -> int:
    """That of its clock: 8, 16 or 32 kHz."""
    return encoding.clock if encoding.clock in MODES else 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """20 ms for each frame."""
    rate = sample_rate(encoding)
    return np.array([count(payload) * rate // 50 for payload in payloads], dtype=np.int64)


class Decoder:
    """Keeps the prediction's state from payload to payload, as long as these hold equally many frames."""

    def __init__(self, encoding: Encoding) -> None:
        self._rate = sample_rate(encoding)
        self._held = 0
        self._frames: FrameDecoder | None = None

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of these payloads. Raises CodecError."""
        pieces, refused = [], 0
        for payload in payloads:
            held = count(payload)
            if not held:
                continue
            if self._frames is None or held != self._held:
                self._held, self._frames = held, FrameDecoder("speex", self._rate, partial(_prepare, self._rate, held))
            length = held * self._rate // 50
            try:
                pieces.append(self._frames.decode([Frame(payload, length)]))
            except CodecError:
                refused += 1
                pieces.append(np.zeros(length, np.int16))
        if refused and refused == len(pieces):
            raise CodecError(f"speex: none of {refused} payloads could be decoded")
        return np.concatenate(pieces) if pieces else np.empty(0, np.int16)


def count(payload: bytes) -> int:
    """How many frames a payload holds: frames are read until there is a terminator (submode 15) or too little is left for one."""
    bits, left = int.from_bytes(payload), 8 * len(payload)
    found = 0
    while found < _MOST and left >= 5:
        if bits >> left - 1 & 1:  # a layer above the frame before
            length = _WIDE.get(bits >> left - 4 & 7, 0) if found else 0
        else:
            length = _NARROW.get(bits >> left - 5 & 15, 0)
            found += 0 < length <= left
        if not 0 < length <= left:
            break
        left -= length
    return found


def _prepare(rate: int, frames: int, context: av.AudioCodecContext) -> None:
    """The header of Speex in Ogg, by which FFmpeg learns the mode and the number of frames in a packet."""
    version = b"1.2.0".ljust(20, b"\0")
    numbers = (1, 80, rate, MODES[rate], 4, 1, -1, rate // 50, 0, frames, 0, 0, 0)
    context.extradata = b"Speex   " + version + struct.pack("<13i", *numbers)
