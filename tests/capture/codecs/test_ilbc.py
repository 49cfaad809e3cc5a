"""iLBC: the mode is what `a=fmtp` says, unless a payload fits the other one alone. Debian has no encoder of it, so what is heard is not
compared with anything here.
"""

from __future__ import annotations

import pytest

from capture.codecs import CodecError, ilbc
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

FRAME_20, FRAME_30 = bytes([0x55] * 37 + [0x54]), bytes([0x55] * 49 + [0x54])
"""Noise whose last bit, the empty-frame indicator of RFC 3951 §3.8, is not set."""


@pytest.mark.parametrize(
    ("parameters", "sizes", "units"),
    [
        ("", [50, 100, 38, 76, 10, 0], [240, 480, 160, 320, 0, 0]),
        ("mode=30", [50, 38], [240, 160]),
        ("mode=20", [38, 50, 114], [160, 240, 480]),
        ("x=1; mode=20", [38], [160]),
        ("mode = 20", [38], [160]),
        ("mode=200", [50], [240]),
    ],
)
def test_a_payload_lasts_as_long_as_its_mode_says(parameters: str, sizes: list[int], units: list[int]) -> None:
    encoding = Encoding("ILBC", 8000, 1, parameters)
    assert ilbc.units(payloads_of([bytes(size) for size in sizes]), encoding).tolist() == units


@pytest.mark.parametrize(("frame", "samples"), [(FRAME_20, 160), (FRAME_30, 240)])
def test_frames_of_both_modes_are_decoded(frame: bytes, samples: int) -> None:
    found = ilbc.Decoder(Encoding("ILBC", 8000)).decode(payloads_of([frame] * 4))
    assert len(found) == 4 * samples
    assert found.any()


def test_a_payload_of_no_whole_frame_is_nothing() -> None:
    assert len(ilbc.Decoder(Encoding("ILBC", 8000)).decode(payloads_of([b"x" * 20]))) == 0


def test_the_error_is_ours() -> None:
    decoder = ilbc.Decoder(Encoding("ILBC", 8000))
    try:
        decoder.decode(payloads_of([bytes(50)]))
    except CodecError as error:
        assert "ilbc" in str(error)
