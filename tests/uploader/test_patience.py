"""A question is repeated a little, a store is left alone longer and longer, and only what fails alone is parked. Faults F15, F16, F26."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uploader import patience
from uploader.patience import Away, Verdict, is_fresh_turn, pause, verdict

CHANCE = st.floats(0, 1, exclude_max=True)


@given(failures=st.integers(1, 2), asked=st.floats(0, patience.CAP_S), chance=CHANCE)
def test_f15_what_the_store_asks_for_is_kept(failures: int, asked: float, chance: float) -> None:
    seconds = pause(failures, asked, chance)
    assert seconds is not None
    assert asked <= seconds <= patience.CAP_S


def test_a_long_wait_is_the_queues() -> None:
    assert pause(1, patience.CAP_S + 1, 0.0) is None
    assert pause(patience.TRIES, None, 0.0) is None


@given(asked=st.floats(0, 10_000), chance=CHANCE, failures=st.integers(1, 100))
def test_f15_a_store_that_fails_is_left_alone_for_as_long_as_it_asks_and_no_longer_than_the_cap(
    asked: float, chance: float, failures: int
) -> None:
    away = Away()
    for _ in range(failures):
        away.failed(1000.0, asked, chance)
    assert asked <= away.wait(1000.0) + 1e-6
    assert away.wait(1000.0) <= max(asked, patience.AWAY_CAP_S) + 1e-6


def test_f16_boxes_that_start_together_do_not_come_together() -> None:
    waits = set()
    for chance in (0.0, 0.25, 0.5, 0.99):
        away = Away()
        away.start(50.0, chance)
        waits.add(away.wait(50.0))
    assert len(waits) == 4
    assert max(waits) <= patience.START_SPREAD_S


def test_f16_after_an_outage_each_comes_back_at_a_moment_of_its_own() -> None:
    away, other = Away(), Away()
    for _ in range(20):
        away.failed(0.0, None, 0.1)
        other.failed(0.0, None, 0.9)
    assert other.wait(0.0) > 5 * away.wait(0.0) > 0


def test_a_store_that_answers_again_is_used_at_once() -> None:
    away = Away()
    away.failed(0.0, 100.0, 0.5)
    assert away.wait(0.0)
    away.worked()
    assert away.wait(0.0) == 0.0


@given(attempts=st.integers(1, 10_000), this_object=st.booleans())
def test_f31_while_nothing_is_stored_nothing_is_parked_however_long_it_takes(attempts: int, this_object: bool) -> None:
    assert verdict(attempts, others_go=False, this_object=this_object) is Verdict.AGAIN


def test_f26_what_fails_alone_is_parked_after_its_tries() -> None:
    assert verdict(patience.POISON_TRIES - 1, others_go=True, this_object=False) is Verdict.AGAIN
    assert verdict(patience.POISON_TRIES, others_go=True, this_object=False) is Verdict.PARK
    assert verdict(2, others_go=True, this_object=True) is Verdict.PARK


@given(every=st.integers(1, 10))
def test_one_turn_of_so_many_is_for_the_newest(every: int) -> None:
    assert sum(is_fresh_turn(turn, every) for turn in range(every * 7)) == 7
    assert not is_fresh_turn(5, 0)
