"""PCMA: G.711 A-law (ITU-T G.711 §3.1, RFC 3551 §4.5.14), by a table of its 256 values. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ENCODING = "PCMA"
SAMPLE_RATE = 8000


def _table() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(exponent == 0, (mantissa << 4) + 8, (mantissa << 4) + 0x108 << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


TABLE = _table()


def units(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """One octet is one sample."""
    return sizes


class Decoder:
    """Stateless."""

    def decode(self, data: bytes, sizes: NDArray[np.int64]) -> NDArray[np.int16]:
        """One sample for each octet."""
        return TABLE[np.frombuffer(data, np.uint8)]
