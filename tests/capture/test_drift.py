"""How fast a sender's clock runs."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import MILLISECOND, SECOND
from capture.drift import MOST, Drift

STEP = 20 * MILLISECOND


def drift(ppm: float, seconds: float, *, delays: bool = False, cut: int = 700, anew: int = 0) -> Drift:
    """A sender whose clock is fast by so many ppm; `delays`: jitter of up to 30 ms, and a stall of 400 ms now and then."""
    dice, found = random.Random(7), Drift(8000)
    count = round(seconds * SECOND / STEP)
    stamp = (np.arange(count, dtype=np.int64) * 160 + 0xFFFF0000) % (1 << 32)
    if anew:
        stamp[anew:] = (stamp[anew:] + 5_000_000) % (1 << 32)
    at = (np.arange(count) * STEP / (1 + ppm / 1e6)).astype(np.int64) + SECOND
    if delays:
        at += np.array([round(dice.random() ** 2 * 30 * MILLISECOND) for _ in range(count)])
        for stall in range(1000, count - 20, 1500):
            at[stall : stall + 20] = np.maximum(at[stall : stall + 20], at[stall] + 400 * MILLISECOND)
        at = np.maximum.accumulate(at)
    for begin in range(0, count, cut):
        found.add(at[begin : begin + cut], stamp[begin : begin + cut])
    return found


@pytest.mark.parametrize("ppm", [-250.0, -20.0, 0.0, 60.0, 500.0])
def test_the_clock_is_measured_through_wraps_of_the_timestamp(ppm: float) -> None:
    assert drift(ppm, 120).ppm == pytest.approx(ppm, abs=0.5)


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 150.0])
def test_jitter_and_stalls_hardly_move_it(ppm: float) -> None:
    assert drift(ppm, 600, delays=True).ppm == pytest.approx(ppm, abs=5)


def test_a_timestamp_that_is_set_anew_is_no_drift() -> None:
    assert drift(80, 300, anew=7000).ppm == pytest.approx(80, abs=0.5)


def test_a_short_stream_says_nothing() -> None:
    assert drift(100, 50).ppm is None
    assert Drift(8000).ppm is None


def test_a_long_one_is_kept_in_bounded_memory() -> None:
    found = drift(40, 4 * 3600, cut=100_000)
    assert found.ppm == pytest.approx(40, abs=0.5)
    assert len(found._least) <= MOST


def test_a_sender_that_sets_its_timestamp_anew_all_the_time_fills_no_memory() -> None:
    found = Drift(8000)
    for begin in range(0, 20_000, 1000):
        rows = np.arange(begin, begin + 1000)
        found.add(rows * STEP, rows * 1_000_000 % (1 << 32))
    assert found.ppm is None
    assert len(found._least) <= MOST


@given(st.lists(st.tuples(st.integers(0, 1 << 50), st.integers(0, (1 << 32) - 1)), max_size=50), st.integers(1, 9))
def test_any_arrival_gives_a_number_or_none(rows: list[tuple[int, int]], cut: int) -> None:
    found = Drift(8000)
    for begin in range(0, len(rows), cut):
        part = np.array(rows[begin : begin + cut], np.int64)
        found.add(part[:, 0], part[:, 1])
    assert found.ppm is None or np.isfinite(found.ppm)
