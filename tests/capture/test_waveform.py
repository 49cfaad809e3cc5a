"""The outline of a recording: ten peaks a second of either channel, however the samples came in, and never more than a page needs."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from capture.waveform import MAX_POINTS, POINTS_A_SECOND, Waveform

RATE = 8000
BUCKET = RATE // POINTS_A_SECOND


def outline(samples: NDArray[np.int16], sizes: list[int] | None = None, rate: int = RATE) -> tuple[list[int], list[int]]:
    """Peaks of the samples, given in pieces of these sizes: 0 to 255, left and right."""
    waveform, place = Waveform(rate), 0
    for size in sizes or []:
        waveform.add(samples[place : place + size])
        place += size
    waveform.add(samples[place:])
    told = waveform.encode()
    left, right = (list(base64.b64decode(str(told[side]))) for side in ("left", "right"))
    assert len(left) == len(right) == told["points"]
    return left, right


def stereo(left: list[int], right: list[int]) -> NDArray[np.int16]:
    return np.stack([np.array(left, np.int16), np.array(right, np.int16)], axis=1)


def test_each_tenth_of_a_second_shows_its_loudest_sample() -> None:
    left = [0] * BUCKET + [100] * (BUCKET - 1) + [-32768] + [8192] * BUCKET
    assert outline(stereo(left, [0] * len(left))) == ([0, 255, 128], [0, 0, 0])
    assert outline(stereo([0] * len(left), left)) == ([0, 0, 0], [0, 255, 128])


def test_quiet_speech_shows() -> None:
    """A hundredth of full scale is a tenth of the height."""
    assert outline(stereo([328] * BUCKET, [-328] * BUCKET)) == ([26], [26])


@given(st.lists(st.integers(0, 2000), max_size=8))
def test_pieces_of_any_size_give_the_same_outline(sizes: list[int]) -> None:
    samples = np.random.default_rng(len(sizes)).integers(-32768, 32767, (5 * BUCKET + 123, 2), dtype=np.int16)
    assert outline(samples, sizes) == outline(samples)
    assert len(outline(samples)[0]) == 6


def test_nothing_has_an_empty_outline() -> None:
    assert Waveform(RATE).encode() == {"points": 0, "left": "", "right": ""}


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_second_has_ten_points_at_every_rate(rate: int) -> None:
    assert len(outline(np.zeros((3 * rate, 2), np.int16), rate=rate)[0]) == 30


def test_a_long_recording_keeps_its_peaks_in_a_bounded_number_of_points() -> None:
    count = MAX_POINTS * 3 + 1
    waveform = Waveform(POINTS_A_SECOND)  # a point a sample
    loud = np.zeros((count, 2), np.int16)
    loud[[0, 5000, count - 1], 0] = 32767
    waveform.add(loud)
    told = waveform.encode()
    left = base64.b64decode(str(told["left"]))
    assert told["points"] == len(left) == -(-count // 4) <= MAX_POINTS
    assert [place for place, value in enumerate(left) if value] == [0, 5000 // 4, (count - 1) // 4]
