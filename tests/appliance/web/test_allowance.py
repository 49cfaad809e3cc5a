"""A bucket for each bearer: full at first, filling evenly, and no bearer empties another's."""

from __future__ import annotations

from appliance.moments import SECOND
from appliance.web.allowance import MOST, Allowance


def test_so_many_at_once_then_one_each_while() -> None:
    allowance = Allowance(60)
    assert [allowance.take("a", 0) for _ in range(60)] == [0] * 60
    assert allowance.take("a", 0) == 1
    assert allowance.take("b", 0) == 0
    assert allowance.take("a", SECOND) == 0
    assert allowance.take("a", SECOND) == 1


def test_the_wait_that_is_told_is_enough() -> None:
    allowance = Allowance(2)
    assert [allowance.take("a", 0), allowance.take("a", 0)] == [0, 0]
    wait = allowance.take("a", 0)
    assert wait == 30
    assert allowance.take("a", wait * SECOND) == 0


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    allowance = Allowance(2)
    assert [allowance.take("a", 3600 * SECOND) for _ in range(2)] == [0, 0]
    assert allowance.take("a", 0) == 30
    assert allowance.take("a", 30 * SECOND) == 0


def test_bearers_that_were_quiet_are_forgotten_and_memory_stays_bounded() -> None:
    allowance = Allowance(2)
    for number in range(3 * MOST):
        allowance.take(str(number), number * SECOND // 100)
    assert len(allowance._spent) <= MOST + 1
