"""What both laws of G.711 share: an octet is a sample, and a table says which. Not a codec. Pure."""

from __future__ import annotations

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.payloads import Encoding


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """One octet is one sample."""
    return payloads.size


class TableDecoder:
    """Stateless."""

    table: Samples
    """The sample of each octet."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding

    def decode(self, payloads: Payloads) -> Samples:
        """One sample for each octet."""
        return self.table[np.frombuffer(payloads.joined(), np.uint8)]
