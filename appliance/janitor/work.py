"""The janitor's rounds: let settled calls' spool go at once, and now and then look at health, retention and leftovers.

When a task is due is APScheduler's business (its triggers); the loop, the doorbell and the heartbeat are those of every service.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from appliance import checkpoints, discharge, erasure, heartbeats, keys, lookup, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.health import report
from appliance.health.checks import Context, Severity
from appliance.janitor import retention
from appliance.janitor.unlinking import Unlinking
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.moments import SECOND, to_datetime
from appliance.records import IssueClosed, IssueOpened, RecordingExpired

LOOK_S = 5.0
STALE_PART_S = 24 * 3600

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Task:
    trigger: BaseTrigger
    work: Callable[[], None]
    due: datetime | None = None


class Janitor:
    """Tidies one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        zone = box.config.site.zone
        self._tasks = [
            _Task(IntervalTrigger(seconds=30, timezone=zone), self.check_health),
            _Task(CronTrigger(minute=7, timezone=zone), self.expire),
            _Task(CronTrigger(minute=23, timezone=zone), self.vouch),
            _Task(CronTrigger(minute=37, timezone=zone), self.beat),
            _Task(CronTrigger(hour=4, minute=40, timezone=zone), self.remove_leftovers),
            _Task(CronTrigger(hour=3, minute=10, timezone=zone), lambda: self.ask_uploader("canary")),
            _Task(CronTrigger(hour=3, minute=20, timezone=zone), lambda: self.ask_uploader("sample")),
            _Task(CronTrigger(day=1, hour=3, minute=40, timezone=zone), lambda: self.ask_uploader("drill")),
        ]
        self._unlinking = Unlinking(box, ledger, clock)
        self.let_go = 0

    def step(self) -> float:
        """One round; returns how long to wait for the next (seconds)."""
        self.let_go += discharge.sweep(self._box.folders, self._ledger)
        self._unlinking.step()
        now = to_datetime(self._clock.now(), self._box.config.site.zone)
        for task in self._tasks:
            if task.due is None or task.due <= now:
                task.due = task.trigger.get_next_fire_time(now, now)
                task.work()
        return LOOK_S

    def check_health(self) -> None:
        """Write what the checks find anew, and what is well again."""
        now = self._clock.now()
        found = report.run(Context(self._box, self._ledger, now))
        bad = {name: item for name, item in reversed(found) if item.severity is not Severity.NOTICE}
        opened = self._open_issues()
        fresh = [
            IssueOpened(at=now, check=name, severity=item.severity.value, what=str(item.what), mend=str(item.mend))
            for name, item in bad.items()
            if name not in opened
        ]
        closed = [IssueClosed(at=now, check=name) for name in opened if name not in bad]
        for issue in fresh:
            log.warning("%s: %s %s", issue.check, issue.what, issue.mend)
        for issue_closed in closed:
            log.info("%s: is well again", issue_closed.check)
        if fresh or closed:
            self._ledger.append(*fresh, *closed)

    def expire(self) -> None:
        """Let go what its term allows. The row comes before the deletion; what a death in between left goes too."""
        now = self._clock.now()
        config, connection = self._box.config, self._ledger.connection
        lines = dict(connection.execute("SELECT id, line FROM call WHERE recording IS NOT NULL").fetchall())
        labels = lookup.labels(connection)

        def term(recording: Recording) -> retention.Term:
            name = recording.facts.recording
            return retention.term_of(config, lines.get(recording.facts.call), labels.get(name, ()))

        for recording, rule, everywhere in list(retention.due(lookup.recordings(connection), now, term)):
            if everywhere:
                self._erase(recording, rule, now)
                continue
            self._ledger.append(RecordingExpired(at=now, recording=recording.facts.recording, rule=rule))
            self._remove(recording)
            log.info("%s: the local copy went (%s); it is stored as %s", recording.facts.recording, rule, recording.key)
        for recording in lookup.recordings(connection):
            if recording.expired_at is not None and not recording.held:
                self._remove(recording)

    def _erase(self, recording: Recording, rule: str, now: int) -> None:
        """Ask for the erasure of what is too old, once."""
        call = lookup.get_call(self._ledger.connection, recording.facts.call)
        if call is None or erasure.waiting(self._ledger.connection, call.id):
            return
        order = erasure.Order(call, recording)
        erasure.ask(self._ledger, [order], "janitor", rule, now, facts_too=self._box.config.retention.erase_calls)
        log.info("%s: is to be erased everywhere (%s)", recording.facts.recording, rule)

    def vouch(self) -> None:
        """Sign a checkpoint of the chain where one is due; where the chain is not what it was, nothing is signed and it is said."""
        now = self._clock.now()
        if not checkpoints.due(self._ledger, now):
            return
        try:
            checkpoints.sign(self._box, self._ledger, keys.present_signing_key(self._box.folders.keys), now)
        except CouldNotError as error:
            log.warning("no checkpoint was signed: %s", error)

    def beat(self) -> None:
        """Have a sign of life brought to the store, where the other side misses it."""
        try:
            key = keys.present_signing_key(self._box.folders.keys)
        except CouldNotError as error:
            log.warning("no heartbeat leaves the box: %s", error)
            return
        heartbeats.queue(self._box, self._ledger, key, self._clock.now())

    def _remove(self, recording: Recording) -> None:
        for name in (recording.facts.file, recording.facts.manifest):
            path = self._box.folders.recordings / name
            if path.exists():
                shelf.remove(path)

    def remove_leftovers(self) -> None:
        """Remove half-written files that nobody works on; their sources are still there."""
        before = self._clock.now() / SECOND - STALE_PART_S
        for root in (self._box.folders.recordings, self._box.folders.quarantine, self._box.folders.store):
            for path in shelf.stale_parts(root, before) if root.is_dir() else []:
                shelf.remove(path)

    def ask_uploader(self, duty: str) -> None:
        """Queue what only the uploader can do, for it alone leaves the box: canary, sample, drill. Once a day at most."""
        now = self._clock.now()
        day = f"{to_datetime(now, self._box.config.site.zone):%Y-%m-%d}"
        with self._ledger.transaction() as connection:
            enqueue(connection, [NewJob(kind=duty, subject=day, body={})], now)

    def _open_issues(self) -> set[str]:
        """Checks whose newest word is that something is wrong."""
        rows = self._ledger.connection.execute(
            "SELECT subject, kind FROM record WHERE id IN (SELECT max(id) FROM record WHERE kind IN ('IssueOpened', 'IssueClosed') "
            "GROUP BY subject)"
        )
        return {row["subject"] for row in rows if row["kind"] == "IssueOpened"}
