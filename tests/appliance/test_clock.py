"""Two clocks: one that tells the time, and one that never steps."""

from __future__ import annotations

import time

from appliance.clock import Clock, SystemClock
from tests.fakes.clock import FakeClock


def test_the_wall_clock_is_the_machines_in_nanoseconds() -> None:
    before = time.time_ns()
    now = SystemClock().now()
    assert before <= now <= time.time_ns()


def test_the_other_clock_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)
    assert time.monotonic_ns() - 60_000_000_000 < readings[0] <= time.monotonic_ns()


def test_the_tests_clock_is_one_too() -> None:
    clock: Clock = FakeClock()
    fake = FakeClock()
    assert clock.now() == fake.now()
    fake.step(-3600)
    assert fake.now() < clock.now()
    assert fake.monotonic() == clock.monotonic()
