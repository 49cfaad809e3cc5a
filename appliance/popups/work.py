"""The service behind the card: asks the office's own systems who calls, tells them what happened, and sends push messages.

    row of a ringing call ─► look-ups, on threads, to a deadline ─► `answer` + CallEnriched ─► the card is filled in
                         └─► push messages                 rows ─► jobs ─► told until taken

Everything that waits for a network is on a thread and holds no database; this thread alone reads and writes. Each system has threads of its
own, so that one that is slow or dead delays nobody but itself, and never a card: the console asks nobody, it reads what is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType

from appliance import doorbell, jobs
from appliance.box import Box
from appliance.clock import Clock
from appliance.jobs import Job, NewJob
from appliance.ledger import Ledger, Row, append
from appliance.logs import Trouble
from appliance.lookup import get_call
from appliance.moments import SECOND
from appliance.popups import answers, pushing, subscriptions, telling
from appliance.popups.asking import AgainError, AskError, GoneError
from appliance.popups.cards import other_party
from appliance.popups.integrations import Ready, ready
from appliance.popups.known import Caller, Event, Found, caller_of
from appliance.records import CallEnriched, CallRinging, TieReason

READER = "popups"
LOOK_UPS, TELLINGS, PUSHES = 4, 2, 4
"""Threads of each system, and for all push messages."""
MOST_WAITING = 40
"""Look-ups that may wait for one system; a caller more is not asked about."""
FRESH = 30 * SECOND
"""A call that began earlier rings no more: nobody is asked about it, and nobody alerted."""
OLD = 24 * 3600 * SECOND
"""What could not be told in a day is kept for a person."""
REFUSED_WAIT = 1800 * SECOND
LEASE = 120 * SECOND
IDLE_S = 2.0

log = logging.getLogger(__name__)


class Popups:
    """The work of one box; enter it, and let it step."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._systems = ready(box)
        self._jobs = jobs.Jobs(ledger, jobs.holder(READER))
        self._results: SimpleQueue[tuple[Future[Callable[[], None]], Callable[[], None]]] = SimpleQueue()
        self._asked: set[tuple[str, str]] = set()
        self._under_way: dict[str, int] = dict.fromkeys((one.name for one in self._systems), 0)
        self._push = pushing.Sender.of(box)
        self._troubles = {name: Trouble(log, clock.monotonic) for name in (*self._under_way, "push")}
        self._askers = {one.name: ThreadPoolExecutor(LOOK_UPS, f"ask-{one.name}") for one in self._systems if one.answers}
        self._tellers = {one.name: ThreadPoolExecutor(TELLINGS, f"tell-{one.name}") for one in self._systems if one.events}
        self._pushers = ThreadPoolExecutor(PUSHES, "push")
        for one in self._systems:
            self._jobs.release_dead(kind(one.name))

    def __enter__(self) -> Popups:
        return self

    def __exit__(self, error: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for pool in (*self._askers.values(), *self._tellers.values(), self._pushers):
            pool.shutdown(wait=False, cancel_futures=True)

    def step(self) -> float:
        """One round; returns for how long there is nothing to do but what the bell says."""
        self._take_results()
        while self._read():
            pass
        for one in self._systems:
            self._tell(one)
        return IDLE_S

    def idle(self) -> bool:
        """Whether nothing is under way and nothing waits to be read."""
        return not self._asked and not any(self._under_way.values()) and self._results.empty()

    def _read(self) -> bool:
        """Look at new rows: queue what is to be told with the place that was reached, in one transaction. False at the end."""
        row = self._ledger.connection.execute("SELECT row FROM place WHERE reader = ?", (READER,)).fetchone()
        last = self._ledger.last_row()
        since = last if row is None else min(row["row"], last)  # a ledger that was rebuilt begins anew
        found = self._ledger.since(since, tuple(telling.WHAT))
        reached = found[-1].id if found else since
        if row is None or row["row"] != reached:
            with self._ledger.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO place (reader, row) VALUES (?, ?)", (READER, reached))
                jobs.enqueue(connection, [job for one in found for job in self._to_tell(one)], self._clock.now())
        for one in found:
            if isinstance(one.record, CallRinging) and self._clock.now() - one.record.at < FRESH:
                self._ring(one.record.call)
        return bool(found)

    def _to_tell(self, row: Row) -> list[NewJob]:
        what, call = telling.WHAT[type(row.record)], row.record.subject
        body = {"what": what, "call": call, "at": row.record.at}
        return [
            NewJob(kind=kind(one.name), subject=f"{row.id}.{call[:16]}", body=body)
            for one in self._systems
            if what in one.events and what in getattr(one.options, "events", one.events)
        ]

    def _ring(self, name: str) -> None:
        call = get_call(self._ledger.connection, name)
        if call is None or call.tied_by == TieReason.PBX:  # a tap saw it too, and that rings
            return
        number, _ = other_party(call)
        caller = caller_of(self._box.config.number(number)) if number else None
        for one in self._systems:
            if one.answers and caller is not None:
                self._ask(one, caller, name)
        if self._push is not None:
            for subscription, message in subscriptions.to_alert(self._ledger, self._box.config, call, self._clock.now()):
                self._run(self._pushers, partial(self._alert, subscription, message))

    def _ask(self, one: Ready, caller: Caller, call: str) -> None:
        now, wanted = self._clock.now(), (one.name, caller.national)
        if wanted in self._asked or answers.is_fresh(self._ledger.connection, caller.national, one.name, now):
            return
        if sum(name == one.name for name, _ in self._asked) >= MOST_WAITING:
            self._troubles[one.name].happened(f"integration {one.name}: does not keep up; a caller is not looked up")
            return
        self._asked.add(wanted)

        def ask() -> Callable[[], None]:
            try:
                found = one.module.look_up(one.options, one.secret, caller, one.seconds)
            except AskError as error:
                return partial(self._not_found, one, str(error))
            return partial(self._found, one, wanted, call, found)

        self._run(self._askers[one.name], ask, lambda: self._asked.discard(wanted))

    def _found(self, one: Ready, wanted: tuple[str, str], call: str, found: Found | None) -> None:
        now = self._clock.now()
        self._troubles[one.name].over(f"integration {one.name}: answers again")
        with self._ledger.transaction() as connection:
            answers.keep(connection, wanted[1], one.name, found, now, now + one.ttl_minutes * 60 * SECOND)
            if found is not None:
                append(connection, [CallEnriched(at=now, call=call, source=one.name)])
        doorbell.ring(self._box.folders.run, "web")

    def _not_found(self, one: Ready, said: str) -> None:
        self._troubles[one.name].happened(f"integration {one.name}: {said}")

    def _tell(self, one: Ready) -> None:
        while one.events and self._under_way[one.name] < TELLINGS:
            job = self._jobs.claim(kind(one.name), self._clock.now(), LEASE)
            if job is None:
                return
            event = telling.event(
                self._ledger, self._box.config, f"{one.name}-{job.subject}", job.body["what"], job.body["call"], job.body["at"]
            )
            if event is None:
                self._jobs.finish(job, self._clock.now())
                continue
            self._under_way[one.name] += 1

            def tell(job: Job = job, event: Event = event) -> Callable[[], None]:
                try:
                    one.module.tell(one.options, one.secret, event, one.seconds)
                except AskError as error:
                    return partial(self._not_told, one, job, error)
                return partial(self._told, one, job)

            self._run(self._tellers[one.name], tell, lambda: self._untell(one.name))

    def _untell(self, name: str) -> None:
        self._under_way[name] -= 1

    def _told(self, one: Ready, job: Job) -> None:
        self._troubles[one.name].over(f"integration {one.name}: answers again")
        self._jobs.finish(job, self._clock.now())
        with self._ledger.transaction() as connection:  # thousands a day, of which nobody asks again
            connection.execute("DELETE FROM job WHERE id = ? AND state = 'done'", (job.id,))

    def _not_told(self, one: Ready, job: Job, error: AskError) -> None:
        self._troubles[one.name].happened(f"integration {one.name}: {error}")
        now = self._clock.now()
        if now - job.body["at"] > OLD:
            self._jobs.park(job, now, str(error))
            return
        asked = error.wait if isinstance(error, AgainError) else None
        usual = None if isinstance(error, AgainError) else REFUSED_WAIT
        self._jobs.retry(job, now, str(error), wait=round(asked * SECOND) if asked else usual)

    def _alert(self, subscription: subscriptions.Subscription, message: bytes) -> Callable[[], None]:
        assert self._push is not None  # nobody is alerted otherwise
        try:
            self._push.send(subscription, message)
        except GoneError:
            return partial(subscriptions.forget, self._ledger, subscription.endpoint)
        except AskError as error:
            return partial(self._troubles["push"].happened, f"a push message: {error}")
        return partial(self._troubles["push"].over, "push messages are taken again")

    def _run(
        self, pool: ThreadPoolExecutor, work: Callable[[], Callable[[], None]], over: Callable[[], None] = lambda: None
    ) -> None:
        """Do it on a thread; what is to be done with the outcome is done here, once the bell rang."""

        def done(future: Future[Callable[[], None]]) -> None:
            if not future.cancelled():
                self._results.put((future, over))
                doorbell.ring(self._box.folders.run, READER)

        pool.submit(work).add_done_callback(done)

    def _take_results(self) -> None:
        while True:
            try:
                outcome, over = self._results.get_nowait()
            except Empty:
                return
            over()  # first, so that a kind of integration that fails in its own way blocks nothing
            outcome.result()()


def kind(name: str) -> str:
    """The kind of the jobs that tell this integration something."""
    return f"tell-{name}"
