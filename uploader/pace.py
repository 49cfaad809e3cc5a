"""How fast bytes may leave: a token bucket, a schedule by hours, a pause while speech is lost. Pure: every moment comes in.

Moments are seconds of a monotonic clock; the schedule speaks of minutes after midnight at the site.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

BURST_S = 0.5
"""What may leave at once after a rest, as seconds of the rate."""
LOSS_PAUSE_S = 60.0
NOTHING, UNLIMITED = 0.0, float("inf")


class Hours(NamedTuple):
    """From this minute of the day to that one (past midnight where the second is not after the first), so many bytes per second."""

    begin: int
    end: int
    rate: float

    def hold(self, minute: int) -> bool:
        """Whether this minute of the day is among them."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def rate_at(minute: int, usual: float, schedule: Iterable[Hours]) -> float:
    """Bytes per second at this minute of the day: the first hours that hold, else the usual rate."""
    return next((hours.rate for hours in schedule if hours.hold(minute)), usual)


class Bucket:
    """Tokens flow in at the rate; who takes more than there are waits until they have flowed in."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._at = now
        self._level = 0.0

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self._rate

    def change(self, rate: float, now: float) -> None:
        """Another rate from now on; what is owed stays owed, at the new rate."""
        self._flow(now)
        self._rate = rate

    def take(self, count: int, now: float) -> float:
        """Take so many bytes; returns how long to wait before they leave (seconds)."""
        if self._rate == UNLIMITED:
            return 0.0
        self._flow(now)
        self._level -= count
        if self._level >= 0:
            return 0.0
        return -self._level / self._rate if self._rate else LOSS_PAUSE_S

    def _flow(self, now: float) -> None:
        if self._rate == UNLIMITED:
            self._level = 0.0
        else:
            self._level = min(self._rate * BURST_S, self._level + (now - self._at) * self._rate)
        self._at = now


class LossWatch:
    """Speech goes before recordings: while the tap loses packets, or hears calls that lost some, nothing leaves."""

    def __init__(self) -> None:
        self._dropped: int | None = None
        self._until = 0.0

    def see(self, now: float, dropped: int, lossy: bool) -> None:
        """The tap's count of packets that never reached it, and whether calls that just ended had lost some on the wire."""
        grew = self._dropped is not None and dropped > self._dropped
        self._dropped = dropped
        if grew or lossy:
            self._until = now + LOSS_PAUSE_S

    def pause(self, now: float) -> float:
        """Seconds to wait."""
        return max(0.0, self._until - now)
