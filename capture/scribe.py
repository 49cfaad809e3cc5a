"""Writes the tap's facts to the ledger, in order, on a thread of its own: the tap never waits for a disk or a lock.

Files before rows: before a batch that closes a call is committed, the spool is made durable, on a second thread: a slow disk keeps
only those facts waiting that need it, and nobody waits for the ringing of a call. A batch that the ledger refuses is kept and tried
again for ever; the recording goes on meanwhile, and the spool alone suffices to write the same rows later.
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
from capture.spool import Reel, SpoolError

APART_S = 0.2
"""Between two syncs: what calls close in the meantime is one sync and one transaction."""
_RETRY_S = (0.1, 0.5, 2.0, 5.0)
_MOST_FAILURES = 3
"""At the end; before, there is none."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Entry:
    """What belongs into one transaction. `durable`: the spool must be on the disk first."""

    records: list[Record] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)
    durable: bool = False
    first: bool = False
    """The first fact of a call: nothing before it concerns it, so it overtakes what waits for the disk, and it waits for none itself: after
    a power cut the spool or the telephone tells of the call again."""
    heartbeat: Heartbeat | None = None
    synced: list[Callable[[], None]] = field(default_factory=list)
    """Called, in the writer's thread, once the spool is on the disk; before the rows are."""


def write(ledger: Ledger, reel: Reel, entries: list[Entry], now: int) -> None:
    """Write these entries in one transaction. Raises CouldNotError; nothing of it is written then."""
    if any(entry.durable for entry in entries):
        reel.sync()
    commit(ledger, entries, now)


def commit(ledger: Ledger, entries: list[Entry], now: int) -> None:
    """Write these entries, whose files are safe, in one transaction. Raises CouldNotError; nothing of it is written then."""
    for entry in entries:
        while entry.durable and entry.synced:
            entry.synced.pop(0)()
    with ledger.transaction(hasty=all(entry.first for entry in entries)) as connection:
        for entry in entries:
            append(connection, entry.records)
            enqueue(connection, entry.jobs, now)
    for entry in entries:
        if entry.heartbeat is not None:
            ledger.beat(entry.heartbeat)


class Inline:
    """Writes in the caller's thread, `together` entries in a transaction: for a replay, where an error is the user's to see."""

    def __init__(self, ledger: Ledger, reel: Reel, folders: Folders, clock: Clock, together: int = 1) -> None:
        self._ledger, self._reel, self._folders, self._clock = ledger, reel, folders, clock
        self._together = together
        self._waiting: list[Entry] = []

    def put(self, entry: Entry) -> None:
        """Write this entry, if enough have gathered. Raises CouldNotError."""
        self._waiting.append(entry)
        if len(self._waiting) >= self._together:
            self._write()

    def close(self) -> None:
        """Write what has gathered, and make the spool durable. Raises CouldNotError."""
        if self._waiting:
            self._write()
        self._reel.sync()

    def _write(self) -> None:
        entries, self._waiting = self._waiting, []
        write(self._ledger, self._reel, entries, self._clock.now())
        doorbell.ring(self._folders.run)


class _Synced:
    """Said in the queue: there was a sync."""


class Syncer:
    """Makes the spool durable on a thread of its own. Whoever waits for it is told by `done`."""

    def __init__(self, reel: Reel, clock: Clock, done: Callable[[], None]) -> None:
        self._reel, self._done = reel, done
        self._trouble = Trouble(log, clock.monotonic)
        self._asked = threading.Event()
        self._ending = threading.Event()
        self._wanted = 0
        self.reached = 0
        """The number of the last sync."""
        self.thread = threading.Thread(target=self._run, name="syncer", daemon=True)
        self.thread.start()

    def ask(self) -> int:
        """Ask for a sync that covers all that is written by now; returns its number. For one thread."""
        self._wanted += 1
        self._asked.set()
        return self._wanted

    def nudge(self) -> None:
        """Ask for a sync that nobody waits for."""
        self._asked.set()

    def end(self) -> None:
        """Make haste, and stop after what was asked for."""
        self._ending.set()
        self._asked.set()

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set() or self.reached < self._wanted:
            self._asked.wait()
            self._asked.clear()
            wanted = self._wanted
            try:
                self._reel.sync()
            except SpoolError as error:
                self._trouble.happened(str(error))
                self._asked.set()
                time.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
                continue
            failures = 0
            self._trouble.over("the spool is made durable again")
            self.reached = wanted
            self._done()
            self._ending.wait(APART_S)


class Scribe:
    """Writes behind the tap's back."""

    def __init__(self, open_ledger: Callable[[], Ledger], reel: Reel, folders: Folders, clock: Clock) -> None:
        self._open_ledger, self._folders, self._clock = open_ledger, folders, clock
        self._queue: queue.SimpleQueue[Entry | _Synced | None] = queue.SimpleQueue()
        self._trouble = Trouble(log, clock.monotonic)
        self._waiting: list[tuple[int, Entry]] = []
        """Each with the number of the sync that must come first."""
        self._last: int | None = None
        """Of the sync that is the end."""
        self._syncer = Syncer(reel, clock, lambda: self._queue.put(_Synced()))
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Write this entry soon."""
        self._queue.put(entry)

    def sync(self) -> None:
        """Make the spool durable soon."""
        self._syncer.nudge()

    def check(self) -> None:
        """Raises RuntimeError where a thread has died of a fault of ours: the tap starts anew then, and the spool tells it all."""
        if not self._thread.is_alive() or not self._syncer.thread.is_alive():
            raise RuntimeError("the scribe has died; its last words stand above")

    def close(self) -> None:
        """Write what is left, at most ten seconds long; what remains is on the spool."""
        self._queue.put(None)
        self._thread.join(10.0)

    def _run(self) -> None:
        ledger: Ledger | None = None
        failures = 0
        while self._waiting or self._last is None or self._syncer.reached < self._last:
            self._collect()
            due, later = self._sorted()
            try:
                if due:
                    ledger = ledger or self._open_ledger()
                    commit(ledger, due, self._clock.now())
                    self._waiting = later
                    doorbell.ring(self._folders.run)
                    self._trouble.over("the tap's facts are written again")
                failures = 0
            except CouldNotError as error:
                self._trouble.happened(str(error))
                if self._last is not None and failures > _MOST_FAILURES:
                    break
                time.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
        if ledger is not None:
            ledger.close()

    def _sorted(self) -> tuple[list[Entry], list[tuple[int, Entry]]]:
        """What may be written now (in order up to the first that needs a sync, and the first facts of calls behind it), and the rest."""
        reached = self._syncer.reached
        due: list[Entry] = []
        later: list[tuple[int, Entry]] = []
        for number, entry in self._waiting:
            if entry.first or not (later or number > reached):
                due.append(entry)
            else:
                later.append((number, entry))
        return due, later

    def _collect(self) -> None:
        """Take what is queued; wait for it where nothing can be written."""
        try:
            item = self._queue.get(block=not self._sorted()[0])
            while True:
                if item is None:
                    self._last = self._syncer.ask()
                    self._syncer.end()
                elif isinstance(item, Entry):
                    self._waiting.append((self._syncer.ask() if item.durable else 0, item))
                item = self._queue.get_nowait()
        except queue.Empty:
            return
