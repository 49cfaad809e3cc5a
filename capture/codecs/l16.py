"""L16: linear samples of 16 bits, most significant octet first, channels interleaved (RFC 3551 §4.5.11). Pure."""

from __future__ import annotations

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.payloads import Encoding

ENCODINGS = ("L16",)


def sample_rate(encoding: Encoding) -> int:
    """That of its clock."""
    return encoding.clock


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """One for each whole sample of all channels."""
    return payloads.size // (2 * encoding.channels)


class Decoder:
    """Stateless."""

    def __init__(self, encoding: Encoding) -> None:
        self._channels = encoding.channels

    def decode(self, payloads: Payloads) -> Samples:
        """The mean of the channels."""
        width = 2 * self._channels
        if np.any(payloads.size % width):  # a rest belongs to no sample, and not to the next payload
            payloads = Payloads(payloads.data, payloads.start, payloads.size // width * width)
        table = np.frombuffer(payloads.joined(), ">i2").reshape(-1, self._channels)
        return np.asarray(table.mean(axis=1).astype(np.int16) if self._channels > 1 else table[:, 0].astype(np.int16))
