"""What time it is. Only shells hold a `Clock`; pure files are handed `now`."""

from __future__ import annotations

import time
from typing import Protocol

from appliance.moments import Nanoseconds


class Clock(Protocol):
    """What a shell asks for the time."""

    def now(self) -> Nanoseconds:
        """Wall clock, nanoseconds since the epoch, UTC."""

    def monotonic(self) -> Nanoseconds:
        """A clock that never steps, for durations and deadlines."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Nanoseconds:
        """Wall clock, nanoseconds since the epoch, UTC."""
        return Nanoseconds(time.time_ns())

    def monotonic(self) -> Nanoseconds:
        """CLOCK_MONOTONIC in nanoseconds."""
        return Nanoseconds(time.monotonic_ns())
