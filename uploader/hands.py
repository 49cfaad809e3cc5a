"""How many send at once in one process. A worker with a recording always may; what is left of the limit is lent to parts of large ones.

So a file that stands still holds up nobody, and a large file that is alone has every hand. `sending.parallel` is passed while a part that
was lent a hand ends, and where parts go so quickly that the line has room: then four times as many, as in rclone. A slow line, or one that
is held back, is never shared by more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MORE = 4
"""So many times the limit where parts go quickly."""
QUICK_S = 2.0
"""A part that took no longer went quickly."""


class Hands:
    """The hands of one process; any thread may ask."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._busy, self._quick = 0, False

    @contextmanager
    def own(self) -> Iterator[None]:
        """A worker's own, for the length of a block."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            self.back()

    def lend(self) -> bool:
        """One more, where one is free; whoever got it gives it `back`."""
        with self._lock:
            free = self._busy < self.limit * (MORE if self._quick else 1)
            self._busy += free
            return free

    def took(self, seconds: float) -> None:
        """A part took so long."""
        self._quick = seconds < QUICK_S

    def back(self) -> None:
        """One is free again."""
        with self._lock:
            self._busy -= 1
