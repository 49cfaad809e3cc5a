"""Bytes leave no faster than the rate of the hour, and not at all while speech is being lost. Fault F32."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploader.pace import BURST_S, LOSS_PAUSE_S, NOTHING, UNLIMITED, Bucket, Hours, LossWatch, rate_at

DAY = range(24 * 60)


@given(rate=st.floats(100, 1e8), takes=st.lists(st.integers(1, 100_000), max_size=50))
def test_whoever_waits_as_told_never_exceeds_the_rate(rate: float, takes: list[int]) -> None:
    now = 10.0
    bucket = Bucket(rate, now)
    for count in takes:
        now += bucket.take(count, now)
    assert sum(takes) <= rate * (now - 10.0) * 1.0001 + rate * BURST_S + 1


def test_a_rest_saves_up_a_burst_and_no_more() -> None:
    bucket = Bucket(1000, 0.0)
    assert bucket.take(500, 3600.0) == 0.0
    assert bucket.take(1000, 3600.0) == pytest.approx(1.0)


def test_without_a_limit_nobody_waits() -> None:
    bucket = Bucket(UNLIMITED, 0.0)
    assert [bucket.take(1 << 30, 0.0) for _ in range(3)] == [0.0] * 3


def test_a_changed_rate_holds_for_what_is_owed() -> None:
    bucket = Bucket(1000, 0.0)
    bucket.take(10_000, 0.0)
    bucket.change(10_000, 0.0)
    assert bucket.take(0, 0.0) == pytest.approx(1.0)
    bucket.change(UNLIMITED, 0.0)
    assert bucket.take(1 << 20, 0.0) == 0.0
    bucket.change(NOTHING, 0.0)
    assert bucket.take(1, 0.0) > 0


@given(begin=st.integers(0, 1439), end=st.integers(0, 1439))
def test_hours_hold_from_their_begin_to_their_end_past_midnight_too(begin: int, end: int) -> None:
    held = [minute for minute in DAY if Hours(begin, end, 1.0).hold(minute)]
    assert len(held) == ((end - begin) % 1440 or 1440)
    assert begin in held
    assert (end - 1) % 1440 in held


def test_the_first_hours_that_hold_count() -> None:
    hours = [Hours(9 * 60, 18 * 60, 100.0), Hours(12 * 60, 13 * 60, 200.0)]
    assert rate_at(12 * 60, 5.0, hours) == 100.0
    assert rate_at(8 * 60, 5.0, hours) == 5.0
    assert rate_at(18 * 60, 5.0, hours) == 5.0


def test_f32_a_growing_drop_count_pauses_and_an_old_one_does_not() -> None:
    watch = LossWatch()
    watch.see(0.0, 500, False)
    assert watch.pause(0.0) == 0.0, "what was dropped before we looked is no news"
    watch.see(10.0, 501, False)
    assert watch.pause(10.0) == LOSS_PAUSE_S
    watch.see(20.0, 501, False)
    assert watch.pause(10.0 + LOSS_PAUSE_S) == 0.0


def test_f32_a_tap_that_began_anew_counts_from_zero() -> None:
    watch = LossWatch()
    watch.see(0.0, 500, False)
    watch.see(1.0, 0, False)
    assert watch.pause(1.0) == 0.0
    watch.see(2.0, 1, False)
    assert watch.pause(2.0) > 0


def test_f32_a_call_that_lost_speech_pauses() -> None:
    watch = LossWatch()
    watch.see(5.0, 0, True)
    assert watch.pause(5.0) == LOSS_PAUSE_S
