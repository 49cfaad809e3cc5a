"""Other sampling rates: exactly the length they must have, nothing moved, nothing louder or softer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from capture.codecs._resample import resample

RATES = [8000, 11025, 16000, 32000, 44100, 48000]
PAIRS = [(source, target) for source in RATES for target in (8000, 16000, 48000) if source != target]


def tone(rate: int, hertz: float = 440.0, count: int | None = None) -> NDArray[np.float64]:
    return 10_000 * np.sin(2 * np.pi * hertz * np.arange(rate if count is None else count) / rate)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_tone_stays_where_and_as_loud_as_it_was(source: int, target: int) -> None:
    found = resample(tone(source).astype(np.int16), source, target)
    assert len(found) == target
    assert found.dtype == np.int16
    edge = target // 100
    assert np.abs(found - tone(target))[edge:-edge].max() < 30
    assert np.abs(found).max() <= 10_100


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_click_stays_at_its_moment(source: int, target: int) -> None:
    samples = np.zeros(source, np.int16)
    samples[source // 3] = 30_000
    found = resample(samples, source, target)
    assert abs(int(np.abs(found).argmax()) / target - (source // 3) / source) <= 1 / min(source, target)


@settings(max_examples=60)
@given(st.sampled_from(PAIRS), st.integers(1, 3000), st.integers(-32768, 32767))
def test_the_length_is_exact_for_any_count_of_samples(pair: tuple[int, int], count: int, value: int) -> None:
    source, target = pair
    found = resample(np.full(count, value, np.int16), source, target)
    assert len(found) == (count * target + source // 2) // source
    assert found.dtype == np.int16


def test_the_same_rate_and_nothing_are_left_alone() -> None:
    samples = np.arange(5, dtype=np.int16)
    assert resample(samples, 8000, 8000) is samples
    assert len(resample(samples[:0], 8000, 16000)) == 0


def test_samples_that_lie_apart_in_memory_are_read_right() -> None:
    stereo = np.zeros((8000, 2), np.int16)
    stereo[:, 1] = tone(8000).astype(np.int16)
    assert np.array_equal(resample(stereo[:, 1], 8000, 16000), resample(stereo[:, 1].copy(), 8000, 16000))
