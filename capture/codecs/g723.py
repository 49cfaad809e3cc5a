"""G723: G.723.1 at 5.3 and 6.3 kbit/s (ITU-T G.723.1 and Annex A, RFC 3551 §4.5.3), decoded by FFmpeg: frames of 30 ms.

The two lowest bits of a frame's first octet say how long it is: 24 or 20 octets of speech, 4 of a silence description, or 1 of nothing.
"""

from __future__ import annotations

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("G723",)
OCTETS = (24, 20, 4, 1)
SAMPLES = 240
MOST = 12
"""Frames a payload: more than a third of a second is no speech."""


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """240 for each whole frame."""
    return np.array([SAMPLES * len(_frames(payload)) for payload in payloads], dtype=np.int64)


class Decoder:
    """Keeps the synthesis filter's and the noise generator's state from frame to frame."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding
        self._frames = FrameDecoder("g723_1", 8000)

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every whole frame. Raises CodecError."""
        return self._frames.decode(frame for payload in payloads for frame in _frames(payload))


def _frames(payload: bytes) -> list[Frame]:
    """The whole frames; none where there are more than speech has."""
    found: list[Frame] = []
    place = 0
    while place < len(payload) and place + (octets := OCTETS[payload[place] & 3]) <= len(payload):
        found.append(Frame(payload[place : place + octets], SAMPLES))
        place += octets
        if len(found) > MOST:
            return []
    return found
