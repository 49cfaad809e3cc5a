"""OPUS: RFC 6716 in RTP (RFC 7587), decoded by FFmpeg. Each payload is one Opus packet; the RTP clock is always 48 kHz.

How long a packet lasts stands in its first octet (RFC 6716 §3.1): the configuration, and how many frames. Silence that is not sent
(DTX) is a gap of the clock, and stays one.
"""

from __future__ import annotations

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("OPUS",)
RATE = 48000
LONGEST = RATE * 120 // 1000
"""A packet lasts at most 120 ms (RFC 6716 §3.2, requirement R5)."""
_SILK, _HYBRID, _CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)


def sample_rate(encoding: Encoding) -> int:
    """48 kHz, whatever the sender's microphone had."""
    return RATE


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """The frames of the packet, in samples."""
    return np.array([lasting(payload) for payload in payloads], dtype=np.int64)


class Decoder:
    """Keeps the prediction's state from packet to packet."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding
        self._frames = FrameDecoder("libopus", RATE)

    def decode(self, payloads: Payloads) -> Samples:
        """Samples at 48 kHz. Raises CodecError."""
        return self._frames.decode(Frame(payload, length) for payload in payloads if (length := lasting(payload)))


def lasting(packet: bytes) -> int:
    """How long an Opus packet lasts, in samples of 48 kHz; 0 where it is none."""
    if not packet:
        return 0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _SILK[configuration & 3]
    elif configuration < 16:
        frame = _HYBRID[configuration & 1]
    else:
        frame = _CELT[configuration & 3]
    if code < 3:
        return frame * (1 if code == 0 else 2)
    length = frame * (packet[1] & 63) if len(packet) > 1 else 0
    return length if length <= LONGEST else 0
