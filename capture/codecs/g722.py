"""G722: 64 kbit/s wideband (ITU-T G.722), decoded by FFmpeg.

It samples at 16 kHz while its RTP clock counts 8 kHz, an error of RFC 1890 that RFC 3551 §4.5.2 keeps for compatibility: one octet
is one unit of the clock and two samples.
"""

from __future__ import annotations

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._stream import StreamDecoder
from capture.payloads import Encoding

ENCODINGS = ("G722",)


def sample_rate(encoding: Encoding) -> int:
    """16 kHz."""
    return 16000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """One octet is one unit of the RTP clock."""
    return payloads.size


class Decoder:
    """Keeps the predictor's state from payload to payload."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding
        self._stream = StreamDecoder("g722", 16000)

    def decode(self, payloads: Payloads) -> Samples:
        """Two samples for each octet. Raises CodecError."""
        return self._stream.decode(payloads.joined())
