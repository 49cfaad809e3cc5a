"""The queue says since when something in it has been due: how far a worker is behind."""

from __future__ import annotations

from appliance import jobs
from appliance.jobs import Jobs, NewJob
from appliance.ledger import Ledger
from appliance.moments import SECOND

NOW = 1_000 * SECOND


def test_the_queue_says_since_when_something_is_due(ledger: Ledger) -> None:
    def since(now: int) -> int | None:
        return jobs.due_since(ledger.connection, "render", now)

    queue = Jobs(ledger, "render:1:1")
    assert since(NOW) is None
    queue.add(NOW, NewJob(kind="upload", subject="other", body={}), NewJob(kind="render", subject="l", body={}, not_before=NOW + 9))
    assert since(NOW + 8) is None, "of this kind nothing is due yet"
    assert since(NOW + 20) == NOW + 9
    queue.add(NOW + 5, NewJob(kind="render", subject="s", body={}))
    assert since(NOW + 20) == NOW + 5
    for _ in range(2):
        assert queue.claim("render", NOW + 20, 60 * SECOND)
    assert since(NOW + 21) is None, "what is being done does not wait"
