"""G726: ADPCM at 16, 24, 32 and 40 kbit/s (ITU-T G.726), decoded by FFmpeg, in both packings.

RFC 3551 §4.5.4 packs the first sample into the lowest bits of an octet (`G726-32`), ITU-T I.366.2 Annex E into the highest
(`AAL2-G726-32`). Some phones announce the one and send the other: both are decoded at first, and the announcement is believed until the
other one is speech beyond doubt (`_order.py`). That takes four seconds: what was decoded before stays as it is, which at rendering is
nothing but in calls of about five seconds. Of what is hardly louder than the line's noise nothing is beyond doubt.
"""

from __future__ import annotations

import av
import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.codecs._order import Order
from capture.codecs._stream import StreamDecoder
from capture.payloads import Encoding

RATES = (16, 24, 32, 40)
"""In kbit/s; a sample has an eighth as many bits."""
DECIDES = {16: 0.5, 24: 1.25, 32: 1.25, 40: 1.25}
"""How much flatter (natural logarithm) the announced packing has to be. Of 1,920 made talks, loud, soft and with noise, no right
announcement came above 0.05, 0.08, 0.5 and 0.0; the wrong ones of clear speech lay above 0.7, 3.6, 2.1 and 4.0 (in that order of rates)."""
ENCODINGS = tuple(f"{packing}G726-{rate}" for packing in ("", "AAL2-") for rate in RATES)


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """As many samples as the whole groups of octets hold."""
    bits = _bits(encoding)
    return _whole(payloads.size, bits) * 8 // bits


class Decoder:
    """Keeps the predictor's state from payload to payload."""

    def __init__(self, encoding: Encoding) -> None:
        self._bits = _bits(encoding)
        names = ("g726", "g726le") if encoding.name.startswith("AAL2-") else ("g726le", "g726")
        self._stream, other = (StreamDecoder(name, 8000, self._prepare) for name in names)
        self._other: StreamDecoder | None = other
        self._order = Order(DECIDES[8 * self._bits])

    def decode(self, payloads: Payloads) -> Samples:
        """The samples of these octets. Raises CodecError."""
        if np.any(payloads.size != _whole(payloads.size, self._bits)):  # a rest belongs to no sample, and not to the next payload
            payloads = Payloads(payloads.data, payloads.start, _whole(payloads.size, self._bits))
        data = payloads.joined()
        samples = self._stream.decode(data)
        return samples if self._other is None else self._better(samples, self._other, data)

    def _better(self, samples: Samples, stream: StreamDecoder, data: bytes) -> Samples:
        """The announced packing's samples, or the other one's as soon as that is speech."""
        other = stream.decode(data)
        self._order.hear(samples, other)
        if self._order.other_is_speech:
            self._stream, self._other, samples = stream, None, other
        elif self._order.is_over:
            self._other = None
        return samples

    def _prepare(self, context: av.AudioCodecContext) -> None:
        context.options = {"bits_per_coded_sample": str(self._bits)}


def _whole(sizes: Ints, bits: int) -> Ints:
    """Sizes without what follows the last group: eight samples of 3 or 5 bits fill 3 or 5 octets, samples of 2 and 4 bits any."""
    group = bits if bits % 2 else 1
    return sizes // group * group


def _bits(encoding: Encoding) -> int:
    return int(encoding.name[-2:]) // 8
