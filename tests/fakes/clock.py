"""Time that moves when it is told to."""

from __future__ import annotations

from appliance.moments import SECOND, Nanoseconds

START = 1_790_000_000 * SECOND
"""2026-09-21T14:13:20Z."""


class FakeClock:
    """Wall clock and monotonic clock, both set by hand."""

    def __init__(self, now: int = START) -> None:
        self._now = now
        self._monotonic = 1_000 * SECOND

    def now(self) -> Nanoseconds:
        """Wall clock."""
        return Nanoseconds(self._now)

    def monotonic(self) -> Nanoseconds:
        """Monotonic clock."""
        return Nanoseconds(self._monotonic)

    def forward(self, seconds: float) -> None:
        """Both clocks go on."""
        self._now += round(seconds * SECOND)
        self._monotonic += round(seconds * SECOND)

    def step(self, seconds: float) -> None:
        """Only the wall clock jumps, as when the time is set."""
        self._now += round(seconds * SECOND)
