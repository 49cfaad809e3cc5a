"""G.723.1: the first octet of a frame says how long it is."""

from __future__ import annotations

from capture.codecs import g723
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

G723 = Encoding("G723", 8000)


def test_frames_of_each_kind_are_counted() -> None:
    high, low, described, nothing = bytes(24), b"\x01" + bytes(19), b"\x02" + bytes(3), b"\x03"
    payloads = payloads_of([high, low, described, nothing, high + low, low + described + nothing, high[:-1], b""])
    assert g723.units(payloads, G723).tolist() == [240, 240, 240, 240, 480, 720, 0, 0]
    assert len(g723.Decoder(G723).decode(payloads)) == 4 * 240 + 480 + 720
