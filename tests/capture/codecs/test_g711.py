"""What both laws share: one octet, one sample, whatever the decoder heard before."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import pcma, pcmu
from capture.codecs._g711 import TableDecoder, sample_rate, units
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

LAWS = {"PCMA": pcma, "PCMU": pcmu}


@pytest.mark.parametrize("law", LAWS)
def test_every_octet_is_the_sample_of_its_table(law: str) -> None:
    encoding = Encoding(law, 8000)
    every = bytes(range(256))
    decoder: TableDecoder = LAWS[law].Decoder(encoding)
    assert np.array_equal(decoder.decode(payloads_of([every[:100], every[100:]])), LAWS[law].TABLE)
    assert np.array_equal(decoder.decode(payloads_of([every])), LAWS[law].TABLE), "nothing is kept from before"
    assert units(payloads_of([every, b"", every[:3]]), encoding).tolist() == [256, 0, 3]
    assert sample_rate(encoding) == 8000
