"""Those who send, together: a few workers at once, each with its own connection, behind one meter and one patience.

The service's loop only looks after them, so that a slow line never keeps the watchdog waiting. A store that failed is left alone by all
until one of them may try again; a file that stands still holds up its own worker and nobody else.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from appliance.box import Box
from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.moments import SECOND, to_datetime
from appliance.records import SegmentClosed, TwinSeen
from uploader import multipart, objects, pace, twins
from uploader.duties import Duties
from uploader.hands import Hands
from uploader.letters import Letters
from uploader.patience import Away
from uploader.retry import Retrying
from uploader.store import Parts, Store, StoreAgainError, StoreError, close, open_store
from uploader.teller import Teller
from uploader.throttle import Meter, Throttled
from uploader.worker import LOOK_S, Shared, Worker

_LOSS = 0.01
"""Share of a call's packets that must be lost for sending to make way."""
_LISTEN_S = 1.0
"""How long a notice may lie before the teller looks."""
_SWEEP = 24 * 3600 * SECOND
_TWINS = 3600 * SECOND

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Line:
    """What all workers know of the way to the store. Used under the crew's lock."""

    away: Away
    why: str = ""


@dataclass(slots=True)
class _Name:
    """Whether this box's name is its own. Used under a lock of its own, for a question may take a minute."""

    lock: threading.Lock
    asked_at: int = 0
    problem: str = ""


class Crew:
    """The workers of one box."""

    def __init__(self, box: Box, clock: Clock, opener: Callable[[Box], Store] = open_store, meter: Meter | None = None) -> None:
        self._box, self._clock = box, clock
        self._open_store = opener
        self.meter = meter or meter_of(box)
        self._line, self._lock = _Line(Away()), threading.Lock()
        self._shared, self._name = Shared(hands=Hands(box.config.sending.parallel)), _Name(threading.Lock())
        self._due, self._stop = threading.Event(), threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._running: list[Future[None]] = []
        self._voices = (ThreadPoolExecutor(1, "tell"), ThreadPoolExecutor(1, "write"))
        self._telling: list[Future[None] | None] = [None, None]
        self._swept_at = 0
        self._looked_row = 0
        self.stored = 0
        self.failed: list[str] = []

    def step(self, ledger: Ledger) -> float:
        """Look after the workers; returns how long to wait (seconds). Raises what ended one of them; it is replaced at the next step."""
        self._listen(ledger)
        self._due.set()
        self._pool = self._pool or ThreadPoolExecutor(self._box.config.sending.parallel, "send")
        for place, work in enumerate((self._tell, self._write)):
            told = self._telling[place]
            if told is None or told.done():
                self._telling[place] = None if self._stop.is_set() else self._voices[place].submit(work)
                if told is not None:
                    told.result()
        ended = [future for future in self._running if future.done()]
        self._running = [future for future in self._running if not future.done()]
        if not self._stop.is_set():
            for number in range(len(self._running), self._box.config.sending.parallel):
                self._running.append(self._pool.submit(self._work, number))
        for future in ended:
            future.result()
        return LOOK_S

    def start_apart(self) -> None:
        """Begin at a random moment: after a power failure every box of the service starts at once."""
        with self._lock:
            self._line.away.start(self._seconds(), random.random())  # noqa: S311 - spread, no secret

    def drain(self, due_by: int) -> None:
        """Deliver everything that is due now, with all hands, and return. Raises what ended a worker."""
        with Ledger.open(self._box.folders.ledger) as ledger:
            if barred := self._barred(ledger):
                self.failed.append(barred)
                return
        with ThreadPoolExecutor(self._box.config.sending.parallel, "send") as pool:
            for future in [pool.submit(self._empty, due_by) for _ in range(self._box.config.sending.parallel)]:
                future.result()

    def close(self) -> None:
        """Stop sending: at the next piece, or when the line's time-out is over."""
        self._stop.set()
        self.meter.stop()
        self._due.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for voice in self._voices:
            voice.shutdown(wait=True, cancel_futures=True)

    @property
    def why_waiting(self) -> str:
        """Why nothing leaves just now; "" where it does."""
        with self._lock:
            return self._name.problem or self.meter.closed() or (self._line.why if self._line.away.wait(self._seconds()) else "")

    def _listen(self, ledger: Ledger) -> None:
        """Tell the meter what time it is at the site, and whether speech is being lost."""
        here = to_datetime(self._clock.now(), self._box.config.site.zone)
        self.meter.at(here.hour * 60 + here.minute)
        if not self._box.config.sending.pause_on_loss:
            return
        tap = next((beat for beat in ledger.heartbeats() if beat.service == "capture"), None)
        dropped = int(tap.detail.get("dropped", 0)) if tap else 0
        if not self._looked_row:
            self._looked_row = ledger.last_row()
        lossy = False
        for row in ledger.since(self._looked_row, [SegmentClosed]):
            self._looked_row = row.id
            if isinstance(row.record, SegmentClosed):
                lossy = lossy or row.record.lost > _LOSS * max(1, row.record.packets)
        self.meter.heard(dropped, lossy)

    def _work(self, number: int) -> None:
        """One worker's life."""
        with Ledger.open(self._box.folders.ledger) as ledger:
            worker = self._worker(ledger, lambda box: Retrying(self._open_store(box)))
            try:
                while not self._stop.is_set():
                    self._due.clear()
                    pause = self._wait()
                    if not pause and self._barred(ledger):
                        pause = LOOK_S
                    if not pause:
                        if number == 0:
                            self._sweep(ledger)
                            self._duties(ledger).one()
                        pause = self._turn(worker, worker.step)
                    if pause:
                        self._due.wait(pause)
            finally:
                worker.close()

    def _tell(self) -> None:
        """Notices go their own way: neither a store that is away nor a long recording keeps them."""
        with Ledger.open(self._box.folders.ledger) as ledger:
            teller = Teller(self._box, ledger, self._clock)
            while not self._stop.is_set():
                if not teller.one():
                    self._stop.wait(_LISTEN_S)

    def _write(self) -> None:
        """Voicemail's mails, whose words may take a while to be heard."""
        with Ledger.open(self._box.folders.ledger) as ledger:
            letters = Letters(self._box, ledger, self._clock)
            while not self._stop.is_set():
                if not letters.one():
                    self._stop.wait(_LISTEN_S)

    def _empty(self, due_by: int) -> None:
        with Ledger.open(self._box.folders.ledger) as ledger:
            worker = self._worker(ledger, self._open_store)  # a person waits for the answer: one try each
            try:
                while not self._stop.is_set() and worker.one(due_by):
                    self._count(worker)
            finally:
                worker.close()

    def _worker(self, ledger: Ledger, opener: Callable[[Box], Store]) -> Worker:
        return Worker(self._box, ledger, self._clock, lambda box: Throttled(opener(box), self.meter), self._shared)

    def _duties(self, ledger: Ledger) -> Duties:
        return Duties(self._box, ledger, self._clock, lambda box: Throttled(self._open_store(box), self.meter), self._open_store)

    def _wait(self) -> float:
        """Seconds until one may try again; 0: now."""
        with self._lock:
            if self.meter.closed():
                return LOOK_S
            return min(LOOK_S, self._line.away.wait(self._seconds()))

    def _turn(self, worker: Worker, step: Callable[[], float]) -> float:
        before = worker.stored
        pause = step()
        error = worker.last_error
        with self._lock:
            if worker.stored > before:
                self._line.away.worked()
            elif error is not None:
                asked = error.wait if isinstance(error, StoreAgainError) else None
                self._line.away.failed(self._seconds(), asked, random.random())  # noqa: S311 - jitter, no secret
                self._line.why = str(error)
        self._count(worker)
        return pause if error is None else 0.0

    def _count(self, worker: Worker) -> None:
        with self._lock:
            self.stored += worker.stored
            self.failed += worker.failed
            worker.stored = 0
            worker.failed.clear()

    def _barred(self, ledger: Ledger) -> str:
        """Why nothing may be sent, "" where something may; asked at the start and every hour (faults F24, F25)."""
        name = self._name
        with name.lock:
            now = self._clock.now()
            if name.asked_at and now - name.asked_at < _TWINS:
                return name.problem
            store: Store | None = None
            try:
                store = self._open_store(self._box)
                name.problem, name.asked_at = twins.look(self._box, ledger, store), now
            except StoreError:
                return name.problem  # the first delivery says it
            finally:
                close(store)
            self._say(ledger, now)
            return name.problem

    def _say(self, ledger: Ledger, now: int) -> None:
        """A twin, or its end, becomes a row."""
        kind = self._box.config.store.kind
        last = ledger.latest(TwinSeen, kind)
        known = last.record.problem if last is not None and isinstance(last.record, TwinSeen) else ""
        if self._name.problem != known:
            ledger.append(TwinSeen(at=now, store=kind, problem=self._name.problem))
            log.warning("%s", self._name.problem or "no twin is seen in the store any more")

    def _sweep(self, ledger: Ledger) -> None:
        """At the start and every day: let go what was begun at the store and nobody remembers."""
        now = self._clock.now()
        if self._swept_at and now - self._swept_at < _SWEEP:
            return
        self._swept_at = now
        try:
            store = self._open_store(self._box)
        except StoreError:
            return  # the first delivery says it
        if isinstance(store, Parts):
            site = self._box.config.site
            gone = multipart.sweep(
                store, multipart.Progress(ledger, self._clock), objects.box_prefix(site.contract, site.epoch), now
            )
            if gone:
                log.info("%d unfinished uploads of an earlier life were let go at the store", gone)

    def _seconds(self) -> float:
        return self._clock.monotonic() / SECOND


def meter_of(box: Box) -> Meter:
    """The meter that the settings describe."""
    sending = box.config.sending
    usual = sending.kilobits * 125.0 if sending.kilobits else pace.UNLIMITED
    return Meter(usual, [pace.Hours(_minute(hours.begin), _minute(hours.end), hours.kilobits * 125.0) for hours in sending.hours])


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
