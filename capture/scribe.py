"""Writes the tap's facts to the ledger, in order, on a thread of its own: the tap never waits for a disk or a lock.

Files before rows: before a batch that closes a call is committed, the spool is made durable. A batch that the ledger refuses is
kept and tried again for ever; the recording goes on meanwhile, and the spool alone suffices to write the same rows later.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance import doorbell
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.folders import Folders
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger, append
from appliance.logs import Trouble
from appliance.records import Heartbeat, Record
from capture.spool import Reel

SYNC_S = 0.5
"""With the flush of a fifth of a second, a power cut costs less than one second of a call in progress."""
_RETRY_S = (0.1, 0.5, 2.0, 5.0)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Entry:
    """What belongs into one transaction. `durable`: the spool must be on the disk first."""

    records: list[Record] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)
    durable: bool = False
    heartbeat: Heartbeat | None = None
    synced: list[Callable[[], None]] = field(default_factory=list)
    """Called, in the writer's thread, once the spool is on the disk; before the rows are."""


def write(ledger: Ledger, reel: Reel, entries: list[Entry], now: int) -> None:
    """Write these entries in one transaction. Raises CouldNotError; nothing of it is written then."""
    if any(entry.durable for entry in entries):
        reel.sync()
        for entry in entries:
            while entry.synced:
                entry.synced.pop(0)()
    with ledger.transaction() as connection:
        for entry in entries:
            append(connection, entry.records)
            enqueue(connection, entry.jobs, now)
    for entry in entries:
        if entry.heartbeat is not None:
            ledger.beat(entry.heartbeat)


class Inline:
    """Writes at once, in the caller's thread: for a replay, where an error is the user's to see."""

    def __init__(self, ledger: Ledger, reel: Reel, folders: Folders, clock: Clock) -> None:
        self._ledger, self._reel, self._folders, self._clock = ledger, reel, folders, clock

    def put(self, entry: Entry) -> None:
        """Write this entry. Raises CouldNotError."""
        write(self._ledger, self._reel, [entry], self._clock.now())
        doorbell.ring(self._folders.run)

    def close(self) -> None:
        """Make the spool durable."""
        self._reel.sync()


class Scribe:
    """Writes behind the tap's back, and makes the spool durable once a second."""

    def __init__(self, open_ledger: Callable[[], Ledger], reel: Reel, folders: Folders, clock: Clock) -> None:
        self._open_ledger, self._reel, self._folders, self._clock = open_ledger, reel, folders, clock
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._trouble = Trouble(log, clock.monotonic)
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Write this entry soon."""
        self._queue.put(entry)

    def check(self) -> None:
        """Raises RuntimeError where the thread has died of a fault of ours: the tap starts anew then, and the spool tells it all."""
        if not self._thread.is_alive():
            raise RuntimeError("the scribe has died; its last words stand above")

    def close(self) -> None:
        """Write what is left, at most ten seconds long; what remains is on the spool."""
        self._queue.put(None)
        self._thread.join(10.0)

    def _run(self) -> None:
        ledger: Ledger | None = None
        waiting: list[Entry] = []
        failures, stopping, synced_at = 0, False, time.monotonic()
        while waiting or not stopping:
            stopping = self._collect(waiting, stopping)
            try:
                if time.monotonic() - synced_at >= SYNC_S or stopping:
                    synced_at = time.monotonic()
                    self._reel.sync()
                if waiting:
                    ledger = ledger or self._open_ledger()
                    write(ledger, self._reel, waiting, self._clock.now())
                    doorbell.ring(self._folders.run)
                    waiting.clear()
                    self._trouble.over("the tap's facts are written again")
                failures = 0
            except CouldNotError as error:
                self._trouble.happened(str(error))
                if stopping and failures > 3:
                    return
                time.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
        if ledger is not None:
            ledger.close()

    def _collect(self, waiting: list[Entry], stopping: bool) -> bool:
        """Take what is queued, waiting for the first up to a sync's period; returns whether the end was among it."""
        try:
            entry = self._queue.get(timeout=0.0 if waiting or stopping else SYNC_S)
            while True:
                if entry is None:
                    stopping = True
                else:
                    waiting.append(entry)
                entry = self._queue.get_nowait()
        except queue.Empty:
            return stopping
