"""Throttle as a wrapper around any store: bytes leave (and come back) no faster than the meter lets them.

One meter serves all threads of the box. It knows the hours, is told of lost speech, and tells whoever sends to stop when the service does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from uploader import pace
from uploader.pace import Bucket, Hours, LossWatch
from uploader.source import Source
from uploader.store import Store, StoreAgainError
from uploader.through import Through

_NAP_S = 0.5


class Meter:
    """How many bytes may leave, and when. Both directions have their own bucket of the same rate."""

    def __init__(
        self,
        usual: float = pace.UNLIMITED,
        hours: Sequence[Hours] = (),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._usual, self._hours = usual, tuple(hours)
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._buckets = {way: Bucket(usual, monotonic()) for way in ("out", "in")}
        self._loss = LossWatch()
        self._stopping = False

    def at(self, minute: int) -> None:
        """It is this minute of the day at the site."""
        rate, now = pace.rate_at(minute, self._usual, self._hours), self._monotonic()
        with self._lock:
            for bucket in self._buckets.values():
                if bucket.rate != rate:
                    bucket.change(rate, now)

    def heard(self, dropped: int, lossy: bool) -> None:
        """What the tap says of speech."""
        with self._lock:
            self._loss.see(self._monotonic(), dropped, lossy)

    def stop(self) -> None:
        """Whoever sends, stops at its next piece; what was sent stays sent."""
        self._stopping = True

    def closed(self) -> str:
        """Why nothing may leave just now; "" where it may."""
        with self._lock:
            if self._loss.pause(self._monotonic()):
                return "speech is being lost, so sending pauses"
            if self._buckets["out"].rate == pace.NOTHING:
                return "nothing is sent in these hours"
        return ""

    @property
    def rate(self) -> float:
        """Bytes per second now; infinite without a limit."""
        return self._buckets["out"].rate

    def out(self, count: int) -> None:
        """So many bytes leave: returns when they may. Raises StoreAgainError when the service stops."""
        self._take("out", count)

    def back(self, count: int) -> None:
        """So many bytes came back."""
        self._take("in", count)

    def _take(self, way: str, count: int) -> None:
        with self._lock:
            now = self._monotonic()
            wait = max(self._buckets[way].take(count, now), self._loss.pause(now))
        until = now + wait
        while (left := until - self._monotonic()) > 0 and not self._stopping:
            self._sleep(min(left, _NAP_S))
        if self._stopping:
            raise StoreAgainError("the service stops; what was sent is kept, the rest follows", 0.0)


class Throttled(Through):
    """A store behind a meter."""

    def __init__(self, store: Store, meter: Meter) -> None:
        super().__init__(store)
        self._meter = meter

    def put(self, key: str, source: Source) -> None:
        """Store the bytes, as fast as they may leave."""
        self._store.put(key, source.metered(self._meter.out))

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Send one part, as fast as it may leave."""
        return self._parts.put_part(key, upload, number, source.metered(self._meter.out))

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes, as fast as they may come."""
        for piece in self._store.read(key, start, end):
            self._meter.back(len(piece))
            yield piece
