"""A backlog of weeks: the oldest first or the newest, and never sorted as a whole. Fault F27."""

from __future__ import annotations

from appliance.jobs import Jobs, NewJob
from appliance.ledger import Ledger

NOW, LEASE = 1000, 60


def test_the_newest_goes_first_where_that_is_asked_for(ledger: Ledger) -> None:
    queue = Jobs(ledger, "one:1:1")
    for at, subject in ((3, "young"), (1, "old"), (2, "middle")):
        queue.add(at, NewJob(kind="render", subject=subject, body={}))
    found = [queue.claim("render", NOW, LEASE, newest=newest) for newest in (True, False, True)]
    assert [job and job.subject for job in found] == ["young", "old", "middle"]


def test_f27_a_backlog_is_claimed_along_an_index(ledger: Ledger) -> None:
    for state_of in ("state = 'ready' AND +not_before <= 5", "state = 'leased' AND leased_until <= 5"):
        for order in ("created_at, rowid", "created_at DESC, rowid DESC"):
            plan = ledger.connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM job WHERE kind = 'upload' AND {state_of} ORDER BY {order} LIMIT 1"
            ).fetchall()
            text = " ".join(row["detail"] for row in plan)
            assert "job_order" in text
            assert "TEMP B-TREE" not in text
