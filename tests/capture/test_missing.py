"""Which missing numbers are no losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import MILLISECOND, SECOND
from capture.index import Packets
from capture.missing import Gap, Known, Run, Why, runs_of

GAP = Gap(10 * SECOND, 20 * SECOND, 500, 499)
KEY = Gap(10 * SECOND, 10 * SECOND + 200 * MILLISECOND, 500, 9)


def test_what_nothing_explains_is_lost() -> None:
    assert Known().explain(GAP) is None


@pytest.mark.parametrize(
    ("silent", "paused"),
    [((10.1, 19.9), True), ((0, 100), True), ((10.6, 19.5), False), ((0, 12), False), ((12, 18), False), ((30, 40), False)],
)
def test_a_pause_is_one_that_was_agreed_on_for_all_but_a_second_of_it(silent: tuple[float, float], paused: bool) -> None:
    known = Known(silent=[(round(silent[0] * SECOND), round(silent[1] * SECOND))])
    assert known.explain(GAP) == ((Why.PAUSED, 499) if paused else None)


def test_a_single_packet_that_is_missing_in_a_hold_is_lost() -> None:
    assert Known(silent=[(0, 100 * SECOND)]).explain(Gap(10 * SECOND, 10 * SECOND + 40 * MILLISECOND, 500, 1)) is None


@pytest.mark.parametrize(("at", "keyed"), [(10.1, True), (10.3, True), (9.9, False), (10.5, False)])
def test_a_key_explains_the_gap_in_which_it_was_told(at: float, keyed: bool) -> None:
    assert Known(keys=[round(at * SECOND)]).explain(KEY) == ((Why.KEYED, 9) if keyed else None)


def test_numbers_for_which_there_is_no_time_are_those_of_a_key_nearby() -> None:
    gap = Gap(10 * SECOND, 10 * SECOND + 20 * MILLISECOND, 500, 1, timeless=True)
    assert Known(keys=[9 * SECOND]).explain(gap) == (Why.KEYED, 1)
    assert Known(keys=[1 * SECOND]).explain(gap) is None


def test_what_another_stream_has_is_elsewhere_and_what_it_lost_is_its_own() -> None:
    runs = [Run(11 * SECOND, 12 * SECOND, 502, 50), Run(13 * SECOND, 19 * SECOND, 560, 400)]
    assert Known(runs=runs).explain(GAP) == (Why.ELSEWHERE, 960 - 502)
    assert Known(runs=[run._replace(begin=0, end=1) for run in runs]).explain(GAP) is None
    assert Known(runs=[run._replace(first=run.first + 5000) for run in runs]).explain(GAP) is None


def test_a_gap_that_both_hops_have_is_a_loss() -> None:
    runs = [Run(0, 10 * SECOND, 100, 400), Run(20 * SECOND, 30 * SECOND, 999, 400)]
    assert Known(runs=runs).explain(GAP) is None


@given(st.lists(st.integers(0, 0xFFFF), max_size=50), st.integers(1, 7))
def test_runs_hold_every_packet_once(numbers: list[int], cut: int) -> None:
    parts = [_packets(numbers[begin : begin + cut]) for begin in range(0, len(numbers), cut)]
    assert [(run.first + step) % 0x10000 for run in runs_of(parts) for step in range(run.packets)] == numbers


def test_numbers_that_wrap_are_one_run() -> None:
    assert [(run.first, run.packets) for run in runs_of([_packets([0xFFFE, 0xFFFF, 0, 1])])] == [(0xFFFE, 4)]


def _packets(numbers: list[int]) -> Packets:
    column = np.array(numbers, np.int64)
    return Packets(column, column, column, column, column > 0, column, column, np.empty(0, np.uint8))
