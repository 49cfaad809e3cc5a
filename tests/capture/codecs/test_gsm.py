"""GSM full rate: 33 octets are 20 ms, and a rest is nothing."""

from __future__ import annotations

from capture.codecs import gsm
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

GSM = Encoding("GSM", 8000)


def test_only_whole_frames_count() -> None:
    payloads = payloads_of([bytes([0xD0, *bytes(size - 1)]) for size in (33, 66, 65, 32)])
    assert gsm.units(payloads, GSM).tolist() == [160, 320, 160, 0]
    assert len(gsm.Decoder(GSM).decode(payloads)) == 640
