"""How fast a sender's clock runs, against the clock of this box: the slope of arrival minus timestamp. Pure, NumPy, bounded.

Delay only ever adds, so of every few seconds the packet that was delayed least speaks, and the median of the slopes between any two of
those (Theil and Sen) is unmoved by stalls and by a way that changes. A sender that sets its timestamp anew begins a stretch of its own.
"""

from __future__ import annotations

import numpy as np

from appliance.moments import SECOND
from capture.index import Ints

METHOD = "Theil–Sen slope of arrival minus RTP timestamp, against the clock of the box"
WIDTH = 5 * SECOND
MOST = 256
"""Moments that are kept; where there would be more, each stands for twice as long."""
BROKEN = SECOND // 2
APART = 20 * SECOND
"""Two moments closer than this say nothing of a slope."""
SHORTEST = 60 * SECOND
"""A stretch that is shorter says nothing."""


class Drift:
    """One stream, fed in slices."""

    def __init__(self, clock: int) -> None:
        self._clock = clock
        self._width = WIDTH
        self._begin = 0
        self._last: tuple[int, int] | None = None
        """Arrival and timestamp."""
        self._offset = 0.0
        self._stretch = 0
        self._least: dict[tuple[int, int], tuple[float, int]] = {}
        """(stretch, place in time) → the smallest offset (ns) and when it was."""

    def add(self, at: Ints, timestamp: Ints) -> None:
        """Packets in the order they came: moments (ns) and RTP timestamps."""
        if not len(at):
            return
        if self._last is None:
            self._begin, self._last = int(at[0]), (int(at[0]), int(timestamp[0]))
        steps = (np.diff(timestamp, prepend=self._last[1]) + 0x80000000) % 0x100000000 - 0x80000000
        change = np.diff(at, prepend=self._last[0]) - steps * (SECOND / self._clock)
        broken = np.abs(change) > BROKEN
        change[broken] = 0.0
        offset = self._offset + np.cumsum(change)
        stretch = self._stretch + np.cumsum(broken)
        self._last, self._offset, self._stretch = (int(at[-1]), int(timestamp[-1])), float(offset[-1]), int(stretch[-1])
        place = (at - self._begin) // self._width
        order = np.lexsort((offset, place, stretch))
        fresh = np.diff(stretch[order], prepend=-1) != 0
        fresh |= np.diff(place[order], prepend=-1) != 0
        for row in order[fresh].tolist():
            self._note((int(stretch[row]), int(place[row])), (float(offset[row]), int(at[row])))
        while len(self._least) > MOST:
            self._thin()

    def _thin(self) -> None:
        """Let go of past stretches that say nothing, and where that does not help of every second moment."""
        lasted: dict[int, list[int]] = {}
        for (number, _), (_, at) in self._least.items():
            lasted.setdefault(number, []).append(at)
        telling = {number for number, at in lasted.items() if number == self._stretch or max(at) - min(at) >= SHORTEST}
        double = len(telling) == len(lasted)
        self._width *= 2 if double else 1
        kept, self._least = self._least, {}
        for (number, place), found in kept.items():
            if number in telling:
                self._note((number, place // 2 if double else place), found)

    def _note(self, place: tuple[int, int], found: tuple[float, int]) -> None:
        self._least[place] = min(found, self._least.get(place, found))

    @property
    def ppm(self) -> float | None:
        """Parts in a million by which the sender's clock is fast (slow where negative); None where the stream is too short to say."""
        slopes = [part for number in {stretch for stretch, _ in self._least} if (part := self._slopes(number)).size]
        return None if not slopes else round(-float(np.median(np.concatenate(slopes))) * 1e6, 1) + 0.0

    def _slopes(self, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Between any two moments of this stretch."""
        least = [found for (stretch, _), found in sorted(self._least.items()) if stretch == number]
        offset, at = np.array([one[0] for one in least]), np.array([one[1] for one in least], np.float64)
        if not len(least) or at[-1] - at[0] < SHORTEST:
            return np.empty(0)
        first, second = np.triu_indices(len(least), 1)
        apart = at[second] - at[first]
        far = apart >= APART
        found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (offset[second] - offset[first])[far] / apart[far]
        return found
