"""GSM: full rate 06.10 (ETSI EN 300 961, RFC 3551 §4.5.8), decoded by FFmpeg: frames of 33 octets and 20 ms."""

from __future__ import annotations

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._frames import Frame, FrameDecoder
from capture.payloads import Encoding

ENCODINGS = ("GSM",)
OCTETS, SAMPLES = 33, 160


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """160 for each whole frame."""
    return payloads.size // OCTETS * SAMPLES


class Decoder:
    """Keeps the synthesis filter's state from frame to frame."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding
        self._frames = FrameDecoder("gsm", 8000)

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of every whole frame. Raises CodecError."""
        return self._frames.decode(
            Frame(payload[begin : begin + OCTETS], SAMPLES)
            for payload in payloads
            for begin in range(0, len(payload) // OCTETS * OCTETS, OCTETS)
        )
