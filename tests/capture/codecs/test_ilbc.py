"""iLBC: the mode is what `a=fmtp` says, unless a payload fits the other one alone."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import CodecError, ilbc
from capture.payloads import Encoding
from tests.bed.coders import kept
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


@pytest.mark.parametrize(("parameters", "mode"), [("mode=20", 20), ("", 30)])
def test_a_stream_does_not_begin_with_a_burst(parameters: str, mode: int) -> None:
    """FFmpeg's decoder alone makes one at full scale of the very frame that says silence."""
    encoding = Encoding("ILBC", 8000, 1, parameters)
    quiet = ilbc.Decoder(encoding).decode(payloads_of([ilbc.SILENCE[mode]] * 3))
    assert np.abs(quiet).max() <= 1
    rate, said, payloads = kept()[encoding]
    found = ilbc.Decoder(encoding).decode(payloads_of(payloads[:10]))
    assert np.abs(found[: rate // 25].astype(int)).max() < 100 + np.abs(said[: rate // 25].astype(int)).max()
