"""PCMU: G.711 µ-law (ITU-T G.711 §3.2, RFC 3551 §4.5.14), by a table of its 256 values. Pure."""

from __future__ import annotations

import numpy as np

from capture.codecs import Ints, Payloads, Samples
from capture.payloads import Encoding

ENCODINGS = ("PCMU",)


def _table() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


TABLE = _table()


def sample_rate(encoding: Encoding) -> int:
    """8 kHz."""
    return 8000


def units(payloads: Payloads, encoding: Encoding) -> Ints:
    """One octet is one sample."""
    return payloads.size


class Decoder:
    """Stateless."""

    def __init__(self, encoding: Encoding) -> None:
        del encoding

    def decode(self, payloads: Payloads) -> Samples:
        """One sample for each octet."""
        return TABLE[np.frombuffer(payloads.joined(), np.uint8)]
