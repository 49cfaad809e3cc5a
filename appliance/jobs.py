"""The durable queue, in the same database as the ledger, so that a job ends and its record begins in one transaction.

A job is claimed for a lease; whoever dies lets the lease run out and another takes over. A job that fails waits longer each time
(full jitter) and is parked for a person after its last try: parked is kept, never dropped. The id of a job is its kind and
subject, so that queueing it twice is once.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.ledger import Ledger, append
from appliance.moments import SECOND
from appliance.records import Record

RETRY_BASE_S = 2.0
RETRY_CAP_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be queued."""

    kind: str
    subject: str
    body: Mapping[str, Any]
    not_before: int = 0

    @property
    def id(self) -> str:
        """Kind and subject: the same work is queued once."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that this holder has claimed until `leased_until` (ns)."""

    id: str
    kind: str
    subject: str
    body: Mapping[str, Any]
    attempts: int
    leased_until: int
    holder: str


def enqueue(connection: sqlite3.Connection, jobs: Iterable[NewJob], now: int) -> None:
    """Queue work inside an open transaction; work that is already queued (or done) stays as it is."""
    for job in jobs:
        connection.execute(
            "INSERT OR IGNORE INTO job (id, kind, subject, body, state, not_before, created_at) VALUES (?,?,?,?,'ready',?,?)",
            (job.id, job.kind, job.subject, json.dumps(dict(job.body), sort_keys=True), job.not_before, now),
        )


def due_since(connection: sqlite3.Connection, kind: str, now: int) -> int | None:
    """Since when (ns) a job of this kind has been due that nobody has claimed; None where there is none."""
    row = connection.execute(
        "SELECT min(max(created_at, not_before)) FROM job WHERE kind = ? AND state = 'ready' AND not_before <= ?", (kind, now)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def backoff(attempts: int, spread: random.Random) -> int:
    """How long to wait after this many failed tries: full jitter, exponential, capped (nanoseconds)."""
    ceiling = min(RETRY_CAP_S, RETRY_BASE_S * 2 ** min(attempts, 20))
    return round(spread.uniform(RETRY_BASE_S / 2, ceiling) * SECOND)


class Jobs:
    """One worker's view of the queue."""

    def __init__(self, ledger: Ledger, holder: str, spread: random.Random | None = None) -> None:
        self._ledger = ledger
        self._holder = holder
        self._spread = spread or random.Random()  # noqa: S311 - jitter, no secret

    def add(self, now: int, *jobs: NewJob) -> None:
        """Queue work in a transaction of its own."""
        with self._ledger.transaction() as connection:
            enqueue(connection, jobs, now)

    def claim(self, kind: str, now: int, lease: int, subjects: Iterable[str] = (), *, newest: bool = False) -> Job | None:
        """The oldest due job of this kind (about one of these subjects), now ours for `lease` nanoseconds; None if none is due.

        `newest`: the youngest instead, so that what is fresh need not wait for a backlog of weeks.
        """
        wanted = list(subjects)
        if self._due(kind, now, wanted, newest=newest) is None:
            return None
        with self._ledger.transaction() as connection:
            row = self._due(kind, now, wanted, newest=newest)
            if row is None:
                return None
            connection.execute(
                "UPDATE job SET state = 'leased', leased_until = ?, holder = ?, attempts = attempts + 1 WHERE id = ?",
                (now + lease, self._holder, row["id"]),
            )
        return Job(
            id=row["id"], kind=row["kind"], subject=row["subject"], body=json.loads(row["body"]),
            attempts=row["attempts"] + 1, leased_until=now + lease, holder=self._holder,
        )  # fmt: skip

    def _due(self, kind: str, now: int, wanted: list[str], *, newest: bool) -> sqlite3.Row | None:
        """The row to claim. Two questions, each answered along an index, so that a backlog of 500,000 costs no sort."""
        chosen = f"AND subject IN ({','.join('?' * len(wanted))})" if wanted else ""
        order = "created_at DESC, rowid DESC" if newest else "created_at, rowid"
        found = []
        for due in ("state = 'ready' AND +not_before <= ?", "state = 'leased' AND leased_until <= ?"):
            query = f"SELECT rowid AS place, * FROM job WHERE kind = ? AND {due} {chosen} ORDER BY {order} LIMIT 1"  # noqa: S608
            found += self._ledger.connection.execute(query, (kind, now, *wanted)).fetchall()
        return sorted(found, key=lambda row: (row["created_at"], row["place"]), reverse=newest)[0] if found else None

    def release_dead(self, kind: str) -> int:
        """Make jobs of this kind due again whose holder no longer lives; returns how many. For a worker's start."""
        rows = self._ledger.connection.execute("SELECT id, holder FROM job WHERE kind = ? AND state = 'leased'", (kind,)).fetchall()
        dead = [(row["id"], row["holder"]) for row in rows if not _lives(row["holder"])]
        if dead:
            with self._ledger.transaction() as connection:
                connection.executemany("UPDATE job SET leased_until = 0 WHERE id = ? AND holder = ?", dead)
        return len(dead)

    def extend(self, job: Job, until: int) -> bool:
        """Keep the job until then (ns). False when another worker has taken it over: stop."""
        with self._ledger.transaction() as connection:
            cursor = connection.execute(
                "UPDATE job SET leased_until = ? WHERE id = ? AND holder = ? AND state = 'leased'",
                (until, job.id, self._holder),
            )
        return cursor.rowcount == 1

    def note(self, job: Job, **found: Any) -> None:
        """Keep what was found out for whoever goes on with the job."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE job SET body = json_patch(body, ?) WHERE id = ? AND holder = ?", (json.dumps(found), job.id, self._holder)
            )

    def finish(self, job: Job, now: int, records: Iterable[Record] = (), then: Iterable[NewJob] = ()) -> None:
        """The job is done: its records and the jobs that follow begin in the same transaction."""
        with self._ledger.transaction() as connection:
            finish(connection, job, now)
            append(connection, records)
            enqueue(connection, then, now)

    def retry(self, job: Job, now: int, error: str, *, wait: int | None = None, forgive: bool = False) -> None:
        """It failed this time: try again after `wait` ns, or after the usual back-off. `forgive`: the try does not count."""
        pause = backoff(job.attempts, self._spread) if wait is None else wait
        self._set(job, "ready", error, now + pause, (), attempts=job.attempts - 1 if forgive else job.attempts)

    def park(self, job: Job, now: int, error: str, records: Iterable[Record] = ()) -> None:
        """A person is needed; the job is kept."""
        self._set(job, "parked", error, now, records, attempts=job.attempts)

    def counts(self, kind: str) -> dict[str, int]:
        """How many jobs of this kind are in which state."""
        rows = self._ledger.connection.execute("SELECT state, count(*) FROM job WHERE kind = ? GROUP BY state", (kind,))
        return {row[0]: row[1] for row in rows}

    def hurry(self, kind: str, now: int) -> None:
        """Make every job of this kind that waits for its next try due now."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE job SET not_before = ? WHERE kind = ? AND state = 'ready' AND not_before > ?", (now, kind, now)
            )

    def unpark(self, kind: str, now: int) -> int:
        """Give every parked job of this kind another try; returns how many."""
        with self._ledger.transaction() as connection:
            cursor = connection.execute(
                "UPDATE job SET state = 'ready', not_before = ?, attempts = 0 WHERE kind = ? AND state = 'parked'", (now, kind)
            )
        return cursor.rowcount

    def _set(self, job: Job, state: str, error: str, not_before: int, records: Iterable[Record], *, attempts: int) -> None:
        with self._ledger.transaction() as connection:
            cursor = connection.execute(
                "UPDATE job SET state = ?, last_error = ?, not_before = ?, attempts = ?, leased_until = 0 "
                "WHERE id = ? AND holder = ?",
                (state, error, not_before, attempts, job.id, self._holder),
            )
            if cursor.rowcount:  # whoever lost the job has nothing to say about it
                append(connection, records)


def holder(service: str) -> str:
    """A name for this process that no later process bears: service, process id and the time it began."""
    return f"{service}:{os.getpid()}:{_began(os.getpid())}"


def _lives(name: str) -> bool:
    _, pid, began = name.rsplit(":", 2)
    return _began(int(pid)) == began


def _began(pid: int) -> str:
    """When the process began, in clock ticks since boot (proc(5), stat field 22); "" where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def finish(connection: sqlite3.Connection, job: Job, now: int) -> None:
    """Mark the job done inside an open transaction."""
    connection.execute("UPDATE job SET state = 'done', finished_at = ?, leased_until = 0 WHERE id = ?", (now, job.id))
