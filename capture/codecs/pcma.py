"""PCMA: G.711 A-law (ITU-T G.711 §3.1, RFC 3551 §4.5.14), by a table of its 256 values. Pure."""

from __future__ import annotations

import numpy as np

from capture.codecs import Samples
from capture.codecs._g711 import TableDecoder
from capture.codecs._g711 import sample_rate as sample_rate
from capture.codecs._g711 import units as units

ENCODINGS = ("PCMA",)


def _table() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(exponent == 0, (mantissa << 4) + 8, (mantissa << 4) + 0x108 << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


TABLE = _table()


class Decoder(TableDecoder):
    """By this law's table."""

    table = TABLE
