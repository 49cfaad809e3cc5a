"""PCMU: G.711 µ-law (ITU-T G.711 §3.2, RFC 3551 §4.5.14), by a table of its 256 values. Pure."""

from __future__ import annotations

import numpy as np

from capture.codecs import Samples
from capture.codecs._g711 import TableDecoder
from capture.codecs._g711 import sample_rate as sample_rate
from capture.codecs._g711 import units as units

ENCODINGS = ("PCMU",)


def _table() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


TABLE = _table()


class Decoder(TableDecoder):
    """By this law's table."""

    table = TABLE
