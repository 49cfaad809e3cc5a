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

from appliance import checkpoints, discharge, doorbell, erasure, keys, lookup, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.health import notices, report
from appliance.health.checks import Context, Finding, Severity
from appliance.janitor import eviction, retention, voicemail
from appliance.janitor.unlinking import Unlinking
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.library.packing import Packing
from appliance.moments import SECOND, to_datetime
from appliance.records import BackupStored, IssueClosed, IssueOpened, PowerLost, RecordingExpired
from appliance.web import i18n

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
            _Task(IntervalTrigger(seconds=60, timezone=zone), self.make_room),
            _Task(CronTrigger(minute=23, timezone=zone), self.vouch),
            _Task(CronTrigger(minute=2, timezone=zone), self.leave_heartbeat),
            _Task(CronTrigger(hour=4, minute=40, timezone=zone), self.remove_leftovers),
            _Task(CronTrigger(hour=3, minute=10, timezone=zone), lambda: self.ask_uploader("canary")),
            _Task(CronTrigger(hour=3, minute=20, timezone=zone), lambda: self.ask_uploader("sample")),
            _Task(CronTrigger(day=1, hour=3, minute=40, timezone=zone), lambda: self.ask_uploader("drill")),
        ]
        if told_at := box.config.notify.summary_at:
            hour, minute = told_at.split(":")
            self._tasks.append(_Task(CronTrigger(hour=int(hour), minute=int(minute), timezone=zone), self.tell_summary))
        self._unlinking = Unlinking(box, ledger, clock)
        self._packing = Packing(box, ledger, clock)
        self.let_go = 0

    def step(self) -> float:
        """One round; returns how long to wait for the next (seconds)."""
        self.let_go += discharge.sweep(self._box.folders, self._ledger)
        self._unlinking.step()
        self._packing.step()
        now = to_datetime(self._clock.now(), self._box.config.site.zone)
        for task in self._tasks:
            if task.due is None or task.due <= now:
                task.due = task.trigger.get_next_fire_time(now, now)
                task.work()
        return LOOK_S

    def check_health(self) -> None:
        """Say once what is wrong, and once when it is over: on the log, in the ledger, and to whoever wants to be told."""
        now = self._clock.now()
        found = report.run(Context(self._box, self._ledger, now))
        bad = {name: item for name, item in reversed(found) if item.severity is not Severity.NOTICE}
        opened = self._open_issues()
        fresh = [_opened(name, item, now) for name, item in bad.items() if opened.get(name) not in (item.severity, Severity.ERROR)]
        closed = [IssueClosed(at=now, check=name) for name in opened if name not in bad]
        for issue in fresh:
            log.warning("%s: %s %s", issue.check, issue.what, issue.mend)
        for issue_closed in closed:
            log.info("%s: is well again", issue_closed.check)
        if fresh or closed:
            self._ledger.append(*fresh, *closed)
        if self._box.config.notify.channels and notices.tell(self._box, self._ledger, now):
            doorbell.ring(self._box.folders.run)

    def tell_summary(self) -> None:
        """How the day before went, for whoever wants to know."""
        if notices.tell_summary(self._box, self._ledger, self._clock.now()):
            doorbell.ring(self._box.folders.run)

    def leave_heartbeat(self) -> None:
        """A sign of life in the store, so that a box that fell silent is missed by the other side."""
        try:
            notices.leave_heartbeat(self._box, self._ledger, self._clock.now())
        except CouldNotError as error:
            log.warning("no heartbeat was signed: %s", error)

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
        voicemail.expire(config, self._box.folders.data, self._ledger, now)

    def make_room(self) -> None:
        """Where the disk fills, let the oldest copies go that are stored; the row comes before the deletion."""
        wanted = self._box.config.retention.keep_free_megabytes * 1_000_000
        missing = wanted - shelf.free_bytes(self._box.folders.data) if wanted else 0
        if missing <= 0:
            return
        rule = f"retention.keep_free_megabytes = {self._box.config.retention.keep_free_megabytes}"
        gone = list(eviction.chosen(lookup.recordings(self._ledger.connection), missing))
        for recording in gone:
            self._ledger.append(RecordingExpired(at=self._clock.now(), recording=recording.facts.recording, rule=rule))
            self._remove(recording)
        if gone:
            log.warning("the disk fills: %d local copies went; they are stored, the oldest first", len(gone))

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
        for path in sorted((self._box.folders.data / "backups").glob("*.tar.age"))[:-1]:
            if self._ledger.latest(BackupStored, path.name) is not None:  # one that is not stored yet stays, and so does the newest
                shelf.remove(path)

    def ask_uploader(self, duty: str) -> None:
        """Queue what only the uploader can do, for it alone leaves the box: canary, sample, drill. Once a day at most."""
        now = self._clock.now()
        day = f"{to_datetime(now, self._box.config.site.zone):%Y-%m-%d}"
        with self._ledger.transaction() as connection:
            enqueue(connection, [NewJob(kind=duty, subject=day, body={})], now)

    def _open_issues(self) -> dict[str, str]:
        """Checks whose newest word is that something is wrong, and how wrong."""
        rows = self._ledger.connection.execute(
            "SELECT subject, kind, json_extract(body, '$.severity') AS severity FROM record WHERE id IN (SELECT max(id) FROM record "
            "WHERE kind IN ('IssueOpened', 'IssueClosed') GROUP BY subject)"
        )
        return {row["subject"]: row["severity"] for row in rows if row["kind"] == "IssueOpened"}


def _opened(check: str, item: Finding, now: int) -> IssueOpened:
    japanese = i18n.catalogue("ja").gettext
    return IssueOpened(
        at=now, check=check, severity=item.severity.value, what=str(item.what), mend=str(item.mend),
        what_ja=item.what.translated(japanese), mend_ja=item.mend.translated(japanese),
    )  # fmt: skip


def power_lost(ledger: Ledger, serial: str, booted_at: int, now: int) -> PowerLost | None:
    """Whether the box went down without a word since the janitor last spoke: it did not say that it stops, and the machine began later."""
    last = next((beat for beat in ledger.heartbeats() if beat.service == "janitor"), None)
    if last is None or last.state == "stopped" or last.at >= booted_at:
        return None
    return PowerLost(at=now, serial=serial, last_sign=last.at, booted_at=booted_at)
