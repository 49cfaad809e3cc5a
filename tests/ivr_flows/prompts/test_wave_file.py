"""WAV files are written and read, and their level is measured."""

from __future__ import annotations

import array
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.prompts.wave_file import WaveError, level, samples_of, written


def tone(peak: int, count: int = 8000) -> array.array[int]:
    return array.array("h", [round(peak * math.sin(number / 5)) for number in range(count)])


def test_what_is_written_is_read_again() -> None:
    samples = tone(1000)
    assert samples_of(written(samples, 16000)) == (samples, 16000)


def test_a_level_is_measured_against_full_scale() -> None:
    found = level(tone(16384), 8000)
    assert found.seconds == 1.0
    assert found.peak == pytest.approx(0.5, abs=0.01)
    assert found.rms == pytest.approx(0.5 / math.sqrt(2), abs=0.01)
    assert found.clipped == 0
    assert level(array.array("h", [32767, -32768, 0]), 8000).clipped == 2
    assert level(array.array("h"), 8000).peak == 0


@given(st.binary(max_size=100))
def test_what_is_no_wav_is_refused(data: bytes) -> None:
    with pytest.raises(WaveError):
        samples_of(data)


@given(st.integers(0, 60), st.binary(max_size=8))
def test_a_damaged_wav_is_read_or_refused(place: int, junk: bytes) -> None:
    data = bytearray(written(tone(500, 40), 8000))
    data[place : place + len(junk)] = junk
    try:
        samples, rate = samples_of(bytes(data))
    except WaveError:
        return
    assert rate > 0
    assert level(samples, rate).seconds >= 0
