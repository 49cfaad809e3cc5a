"""Writes what happened into the ledger, from a thread of its own: a database that is locked, or a disk that is full, holds up no call.

What cannot be written waits and is tried again, in order; only where more waits than memory should hold does the oldest go, and it is
counted.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque

from appliance import doorbell
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.folders import Folders
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.records import Heartbeat, Record

WAITING = 50_000
AT_ONCE = 200
AGAIN_S, LAST_S = 0.5, 5.0

log = logging.getLogger(__name__)


class Teller:
    """The thread, from `start` to `close`."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._records: deque[Record] = deque()
        self._beat: Heartbeat | None = None
        self._news = threading.Condition()
        self._closing = False
        self.lost = 0
        self._trouble = Trouble(log, SystemClock().monotonic)
        self._ledger: Ledger | None = None
        self._thread = threading.Thread(target=self._work, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, as far as that is possible in a few seconds."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(LAST_S)

    def tell(self, *records: Record) -> None:
        """Let these be written; returns at once."""
        with self._news:
            self._records.extend(records)
            while len(self._records) > WAITING:
                self._records.popleft()
                self.lost += 1
            self._news.notify()

    def beat(self, heartbeat: Heartbeat) -> None:
        """Let this be what the service last said."""
        with self._news:
            self._beat = heartbeat
            self._news.notify()

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._records)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._records or self._beat or self._closing)
                if self._closing and not self._records and not self._beat:
                    break
                records = [self._records[place] for place in range(min(len(self._records), AT_ONCE))]
                beat, lost = self._beat, self.lost
            if self._write(records, beat):
                self._written(len(records) - (self.lost - lost), beat)
            elif self._pause():
                break
        if self._ledger is not None:
            self._ledger.close()

    def _write(self, records: list[Record], beat: Heartbeat | None) -> bool:
        try:
            if self._ledger is None:
                self._ledger = Ledger.open(self._folders.ledger)
            if records:
                self._ledger.append(*records)
            if beat is not None:
                self._ledger.beat(beat)
        except (CouldNotError, OSError) as error:
            self._trouble.happened(f"{error}; calls go on, {self.waiting} facts wait")
            return False
        self._trouble.over("the ledger can be written again")
        return True

    def _written(self, count: int, beat: Heartbeat | None) -> None:
        with self._news:
            for _ in range(max(0, count)):
                self._records.popleft()
            if self._beat is beat:
                self._beat = None
        if count > 0:
            with contextlib.suppress(OSError):
                doorbell.ring(self._folders.run)

    def _pause(self) -> bool:
        """Wait before the next try; whether it is the end."""
        with self._news:
            return self._news.wait_for(lambda: self._closing, AGAIN_S)
