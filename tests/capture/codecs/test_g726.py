"""G.726 in both packings and four rates: the first sample lies in the lowest or the highest bits of an octet."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import g726
from capture.payloads import Encoding
from tests.bed.coders import CODERS
from tests.bed.payloads import payloads_of

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)


@pytest.mark.parametrize(("rate", "sizes", "units"), [(16, [1, 40], [4, 160]), (24, [3, 60, 61, 2], [8, 160, 160, 0]),
    (32, [1, 80], [2, 160]), (40, [5, 100, 104, 4], [8, 160, 160, 0])])  # fmt: skip
@pytest.mark.parametrize("packing", ["", "AAL2-"])
def test_only_whole_groups_of_samples_count(packing: str, rate: int, sizes: list[int], units: list[int]) -> None:
    encoding = Encoding(f"{packing}G726-{rate}", 8000)
    payloads = payloads_of([bytes(size) for size in sizes])
    assert g726.units(payloads, encoding).tolist() == units
    assert len(g726.Decoder(encoding).decode(payloads)) == sum(units)


def swapped(payload: bytes) -> bytes:
    return bytes((octet >> 4) | (octet << 4 & 0xF0) for octet in payload)


def test_the_two_packings_of_32_kilobits_differ_in_the_order_of_half_octets() -> None:
    rfc, aal2 = Encoding("G726-32", 8000), Encoding("AAL2-G726-32", 8000)
    payloads = CODERS[rfc][1](TONE)
    assert [swapped(payload) for payload in payloads] == CODERS[aal2][1](TONE)
    found = g726.Decoder(aal2).decode(payloads_of([swapped(payload) for payload in payloads]))
    assert np.array_equal(found, g726.Decoder(rfc).decode(payloads_of(payloads)))
