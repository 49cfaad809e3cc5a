"""L16: big-endian samples; several channels are averaged, and a rest belongs to nobody."""

from __future__ import annotations

import struct

from capture.codecs import l16
from capture.payloads import STATIC, Encoding
from tests.bed.payloads import payloads_of


def test_samples_are_big_endian() -> None:
    payload = struct.pack(">4h", 1, -2, 32767, -32768)
    assert l16.Decoder(Encoding("L16", 8000)).decode(payloads_of([payload])).tolist() == [1, -2, 32767, -32768]


def test_two_channels_are_averaged() -> None:
    payload = struct.pack(">6h", 100, 300, -5, -15, 32767, 32767)
    assert l16.units(payloads_of([payload]), STATIC[10]).tolist() == [3]
    assert l16.Decoder(STATIC[10]).decode(payloads_of([payload])).tolist() == [200, -10, 32767]


def test_a_rest_does_not_shift_what_follows() -> None:
    payloads = payloads_of([struct.pack(">hb", 7, 99), struct.pack(">h", 8)])
    assert l16.units(payloads, Encoding("L16", 8000)).tolist() == [1, 1]
    assert l16.Decoder(Encoding("L16", 8000)).decode(payloads).tolist() == [7, 8]


def test_the_rate_is_the_clocks() -> None:
    assert l16.sample_rate(STATIC[11]) == 44100
