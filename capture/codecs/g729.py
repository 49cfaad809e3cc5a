"""G729: 8 kbit/s (ITU-T G.729 and Annex A, RFC 3551 §4.5.6), decoded by FFmpeg: frames of 10 octets and 10 ms.

With Annex B a payload may end in, or be, a silence description of 2 octets: 10 ms that FFmpeg does not know, and that are silence here.
"""

from __future__ import annotations

from collections.abc import Iterator

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("G729",)
OCTETS, SAMPLES = 10, 80
SILENCE_OCTETS = 2


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """80 for each frame and for a silence description."""
    frames: Ints = payloads.size // OCTETS + (payloads.size % OCTETS == SILENCE_OCTETS)
    return frames * SAMPLES


class Decoder:
    """Keeps the synthesis filter's state from frame to frame."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding
        self._frames = FrameDecoder("g729", 8000)

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every frame. Raises CodecError."""
        return self._frames.decode(frame for payload in payloads for frame in _frames(payload))


def _frames(payload: bytes) -> Iterator[Frame]:
    whole = len(payload) // OCTETS * OCTETS
    for begin in range(0, whole, OCTETS):
        yield Frame(payload[begin : begin + OCTETS], SAMPLES)
    if len(payload) - whole == SILENCE_OCTETS:
        yield Frame(b"", SAMPLES)
