"""ILBC: 13.33 and 15.2 kbit/s (RFC 3951, RFC 3952), decoded by FFmpeg: frames of 50 octets and 30 ms, or of 38 octets and 20 ms.

Which of the two is `mode` of `a=fmtp` (30 where nothing is said); a payload that fits the other alone is of the other.
FFmpeg's decoder begins with line spectral frequencies of zero where RFC 3951 §4.5 begins with their mean, so that the first frame would
be a burst at full scale: it is fed a frame of silence first.
"""

from __future__ import annotations

import re
from functools import partial

import av
import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("ILBC",)
OCTETS = {20: 38, 30: 50}
BIT_RATES = {20: 15200, 30: 13333}
"""By which FFmpeg tells the modes apart."""
SILENCE = {
    20: bytes.fromhex("ffa6340001b05555249249249249ccccccccf3cf3cf3cf3cf3cf3cf3c0000d962c6c6c6c3636"),
    30: bytes.fromhex("ffa63ffa6320006c4924800000000004d9b36310cf3cf3cf3ffffffffffffffffffff00003658b0d8d86c6c363616361d876"),
}
"""A frame in which nothing is heard."""


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """160 or 240 for each whole frame."""
    said = _said(encoding)
    found = []
    for size in payloads.size.tolist():
        mode = _mode(size, said)
        found.append(size // OCTETS[mode] * 8 * mode)
    return np.array(found, dtype=np.int64)


class Decoder:
    """Keeps the synthesis filter's state from frame to frame, for each mode."""

    def __init__(self, encoding: Encoding) -> None:
        self._said = _said(encoding)
        self._modes: dict[int, FrameDecoder] = {}

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every whole frame. Raises CodecError."""
        pieces = [self._payload(payload) for payload in payloads]
        return np.concatenate(pieces) if pieces else np.empty(0, np.int16)

    def _payload(self, payload: bytes) -> Samples:
        mode = _mode(len(payload), self._said)
        if mode not in self._modes:
            self._modes[mode] = FrameDecoder("ilbc", 8000, partial(_prepare, mode))
            self._modes[mode].decode([Frame(SILENCE[mode], 8 * mode)])
        octets = OCTETS[mode]
        whole = len(payload) // octets * octets
        return self._modes[mode].decode(Frame(payload[begin : begin + octets], 8 * mode) for begin in range(0, whole, octets))


def _prepare(mode: int, context: av.AudioCodecContext) -> None:
    context.bit_rate = BIT_RATES[mode]


def _said(encoding: Encoding) -> int:
    return 20 if re.search(r"(?:^|[;\s])mode\s*=\s*20\b", encoding.parameters) else 30


def _mode(size: int, said: int) -> int:
    other = 50 - said
    return other if size and size % OCTETS[said] and not size % OCTETS[other] else said
