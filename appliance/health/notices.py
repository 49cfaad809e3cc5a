"""What people are told of the box's troubles, and when: once at the beginning, now and then while it goes on, once when it is over.

Everything is read from the ledger each time (issues that were opened and closed, notices that were queued), so that a janitor that
starts anew repeats nothing and forgets nothing. A trouble must last two minutes before anybody is told, and one that comes and goes is
told once an hour at most. The uploader sends: it alone leaves the box, so a box whose uploader is dead tells nobody by itself; the main
server misses its heartbeat object then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from appliance import keys, manifest, shelf
from appliance.box import Box
from appliance.health.checks import Context
from appliance.health.checks.capacity import stored_bytes
from appliance.health.checks.disk import hours_left
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.moments import SECOND, to_datetime
from appliance.notices import HEARTBEAT, JOB, Notice
from appliance.notify_settings import Channel
from appliance.records import IssueClosed, IssueOpened
from appliance.web import i18n
from appliance.words import N_, Text

SETTLE = 120 * SECOND
QUIET = 3600 * SECOND
"""A trouble that comes and goes is told once in this time."""
_HOUR = 3600 * SECOND
_RANK = {"warning": 0, "error": 1}
_SUBJECTS = {
    "opened": N_("[%(site)s] %(severity)s: %(check)s"),
    "reminded": N_("[%(site)s] still %(severity)s: %(check)s"),
    "resolved": N_("[%(site)s] solved: %(check)s"),
    "summary": N_("[%(site)s] the day of %(day)s"),
}
_SEVERITIES = {"error": N_("error"), "warning": N_("warning")}


@dataclass(frozen=True, slots=True)
class Issue:
    """A trouble from its beginning to its end, or to now."""

    opened: IssueOpened
    closed_at: int | None


def tell(box: Box, ledger: Ledger, now: int) -> int:
    """Queue every notice that is due; returns how many are new."""
    jobs = [
        job for issue in issues(ledger) for channel in box.config.notify.channels for job in _due(box, ledger, issue, channel, now)
    ]
    return _queue(ledger, jobs, now)


def tell_summary(box: Box, ledger: Ledger, now: int) -> int:
    """Queue how the day before went, for the channels that want it."""
    day = f"{to_datetime(now, box.config.site.zone) - timedelta(days=1):%Y-%m-%d}"
    text = "\n".join(_say(box, line) for line in summary(Context(box, ledger, now)))
    jobs = [
        _job(box, channel, f"{channel.name}/summary/{day}", "summary", "", "", _subject(box, "summary", day=day), text, now)
        for channel in box.config.notify.channels
        if channel.summary
    ]
    return _queue(ledger, jobs, now)


def leave_heartbeat(box: Box, ledger: Ledger, now: int) -> None:
    """Queue a signed sign of life for the store: nothing personal, figures alone. Raises KeyFileError."""
    hour = f"{to_datetime(now):%Y-%m-%dT%H}"
    with ledger.transaction() as connection:
        document = manifest.sign(figures(Context(box, ledger, now)), keys.present_signing_key(box.folders.keys), manifest.HEARTBEAT)
        job = NewJob(kind=HEARTBEAT, subject=hour, body={"document": document.encode().decode("ascii"), "at": now})
        enqueue(connection, [job], now)


def figures(context: Context) -> dict[str, object]:
    """The box in figures, for whoever watches many."""
    site, connection = context.box.config.site, context.ledger.connection
    calls = connection.execute("SELECT count(*), max(started_at) FROM call").fetchone()
    head = connection.execute("SELECT json_extract(body, '$.chain') FROM recording ORDER BY sequence DESC LIMIT 1").fetchone()
    recordings = connection.execute("SELECT count(*), count(stored_at) FROM recording").fetchone()
    waiting = connection.execute("SELECT kind, count(*) FROM job WHERE state != 'done' GROUP BY kind").fetchall()
    return {
        "contract": site.contract, "serial": site.serial, "epoch": site.epoch, "at": context.now, "calls": calls[0],
        "last_call_at": calls[1], "recordings": recordings[0], "head": head[0] if head else manifest.FIRST,
        "stored": recordings[1], "waiting": {row[0]: row[1] for row in waiting},
        "issues": {issue.opened.check: issue.opened.severity for issue in issues(context.ledger) if issue.closed_at is None},
        "free_bytes": shelf.free_bytes(context.box.folders.data),
    }  # fmt: skip


def issues(ledger: Ledger) -> Iterator[Issue]:
    """The newest trouble of every check, open or over."""
    rows = ledger.connection.execute("SELECT DISTINCT subject FROM record WHERE kind = 'IssueOpened'").fetchall()
    for (check,) in rows:
        opened, closed = ledger.latest(IssueOpened, check), ledger.latest(IssueClosed, check)
        if opened is not None and isinstance(opened.record, IssueOpened):
            over = closed is not None and closed.id > opened.id
            yield Issue(opened.record, closed.record.at if closed is not None and over else None)


def _due(box: Box, ledger: Ledger, issue: Issue, channel: Channel, now: int) -> Iterator[NewJob]:
    """At most one job: begun, still there, or over."""
    told, since = issue.opened, issue.opened.at
    place = f"{channel.name}/{told.check}/{since}"
    queued = _queued(ledger, place)
    if issue.closed_at is not None:
        if "opened" in queued and now - issue.closed_at >= SETTLE:
            yield _about(box, channel, issue, "resolved", f"{place}/resolved", now)
        return
    if _RANK.get(told.severity, 0) < _RANK[channel.at_least] or now - since < SETTLE:
        return
    if "opened" not in queued:
        if now - _last_told(ledger, f"{channel.name}/{told.check}/") >= QUIET:
            yield _about(box, channel, issue, "opened", f"{place}/opened", now)
        return
    turn = (now - since) // (box.config.notify.repeat_hours * _HOUR)
    if turn and "ready" not in queued.values():  # what could not be told yet needs no reminder
        yield _about(box, channel, issue, "reminded", f"{place}/reminded-{turn}", now)


def _queued(ledger: Ledger, place: str) -> dict[str, str]:
    """State by event of what was queued about this trouble for this channel."""
    rows = ledger.connection.execute(
        "SELECT substr(subject, ?), state FROM job WHERE kind = ? AND subject > ? AND subject < ?",
        (len(place) + 2, JOB, f"{place}/", f"{place}0"),
    )
    return {row[0]: row[1] for row in rows}


def _last_told(ledger: Ledger, prefix: str) -> int:
    """When the beginning of a trouble of this check was last told in this channel."""
    row = ledger.connection.execute(
        "SELECT coalesce(max(created_at), 0) FROM job WHERE kind = ? AND subject > ? AND subject < ? AND subject LIKE '%/opened'",
        (JOB, prefix, prefix[:-1] + "0"),
    ).fetchone()
    return int(row[0])


def _about(box: Box, channel: Channel, issue: Issue, event: str, name: str, now: int) -> NewJob:
    told, zone = issue.opened, box.config.site.zone
    japanese = box.config.notify.language == "ja" and told.what_ja
    lines = [told.what_ja, told.mend_ja] if japanese else [told.what, told.mend]
    if event == "resolved":
        lines = lines[:1]
        over = to_datetime(issue.closed_at or now, zone)
        lines.append(_say(box, Text(N_("Over since %(when)s."), {"when": f"{over:%Y-%m-%d %H:%M}"})))
    lines.append(_say(box, Text(N_("Since %(when)s, box %(serial)s."), _since(box, told.at))))
    subject = _subject(box, event, severity=_say(box, Text(_SEVERITIES.get(told.severity, told.severity))), check=told.check)
    return _job(box, channel, name, event, told.severity, told.check, subject, "\n".join(lines), now)


def _since(box: Box, at: int) -> dict[str, str]:
    return {"when": f"{to_datetime(at, box.config.site.zone):%Y-%m-%d %H:%M}", "serial": box.config.site.serial}


def _job(box: Box, channel: Channel, name: str, event: str, severity: str, check: str, subject: str, text: str, now: int) -> NewJob:
    site = box.config.site
    notice = Notice(
        id=name, channel=channel.name, event=event, severity=severity, check=check, at=now, site=site.name or site.contract,
        serial=site.serial, subject=subject, text=text,
    )  # fmt: skip
    return NewJob(kind=JOB, subject=name, body=notice.body)


def _subject(box: Box, event: str, **values: str) -> str:
    site = box.config.site
    return _say(box, Text(_SUBJECTS[event], {"site": site.name or site.contract, **values}))


def _say(box: Box, text: Text) -> str:
    return text.translated(i18n.catalogue(box.config.notify.language).gettext)


def _queue(ledger: Ledger, jobs: list[NewJob], now: int) -> int:
    if not jobs:
        return 0
    with ledger.transaction() as connection:
        before = connection.total_changes
        enqueue(connection, jobs, now)
        return connection.total_changes - before


def summary(context: Context) -> Iterator[Text]:
    """How the day before went, and how the box is now."""
    zone = context.box.config.site.zone
    midnight = to_datetime(context.now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = int(midnight.timestamp()) * SECOND
    begin = int((midnight - timedelta(days=1)).timestamp()) * SECOND
    connection = context.ledger.connection
    seen, recorded, unrecorded = connection.execute(
        """SELECT count(*), count(recording), coalesce(sum(recording IS NULL AND answered_at IS NOT NULL), 0)
           FROM call WHERE started_at >= ? AND started_at < ? AND main IS NULL""",
        (begin, end),
    ).fetchone()
    yield Text(N_("Calls: %(seen)d, of which %(recorded)d recorded; answered without a recording: %(unrecorded)d."),
               {"seen": seen, "recorded": recorded, "unrecorded": unrecorded})  # fmt: skip
    waiting = connection.execute("SELECT count(*) FROM recording WHERE stored_at IS NULL AND erased_at IS NULL").fetchone()[0]
    yield Text(N_("In the store: %(gigabytes).1f GB; waiting: %(waiting)d."),
               {"gigabytes": stored_bytes(context) / 1e9, "waiting": waiting})  # fmt: skip
    free = shelf.free_bytes(context.box.folders.data)
    hours = hours_left(context, free)
    yield Text(N_("Free on the disk: %(gigabytes).1f GB."), {"gigabytes": free / 1e9})
    if hours is not None:
        yield Text(N_("At the rate of the last day it lasts %(days)d days."), {"days": int(hours / 24)})
    found = [issue for issue in issues(context.ledger) if issue.closed_at is None]
    yield Text(N_("Open troubles: %(count)d."), {"count": len(found)})
    for issue in found:
        yield Text("- %(check)s: %(what)s", {"check": issue.opened.check, "what": _what(context.box, issue.opened)})


def _what(box: Box, opened: IssueOpened) -> str:
    return opened.what_ja if box.config.notify.language == "ja" and opened.what_ja else opened.what
