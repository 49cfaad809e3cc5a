"""Work that waits too long is told with the last error it met, and what needs a person is an error."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, backlog
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.appliance.troubled import job
from tests.fakes.clock import START

LIMIT = 30 * 60 * SECOND


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(backlog.check(Context(box, ledger, START)))


@pytest.mark.parametrize(("kind", "word"), [("render", "made recordings"), ("upload", "the store")])
@pytest.mark.parametrize("state", ["ready", "leased"])
def test_work_is_told_when_it_waits_longer_than_the_limit(box: Box, ledger: Ledger, kind: str, word: str, state: str) -> None:
    job(ledger, "a", kind, START - LIMIT, state)
    job(ledger, "b", kind, START - LIMIT // 2, state)
    assert found(box, ledger) == []
    job(ledger, "c", kind, START - LIMIT - 1, state)
    (finding,) = found(box, ledger)
    assert finding.severity is Severity.WARNING
    assert finding.what.values == {"count": 3, "minutes": 30}
    assert word in str(finding.what)


def test_the_last_error_is_the_mend_where_there_is_one(box: Box, ledger: Ledger) -> None:
    job(ledger, "a", "upload", START - 2 * LIMIT)
    assert str(found(box, ledger)[0].mend) == "Is the service running? Nothing is lost."
    job(ledger, "b", "upload", START, error="s3: 100 % of the quota is used")
    assert str(found(box, ledger)[0].mend) == "The last try said: s3: 100 % of the quota is used"


def test_what_is_done_does_not_wait(box: Box, ledger: Ledger) -> None:
    job(ledger, "a", "upload", START - 9 * LIMIT, "done", error="once upon a time")
    assert found(box, ledger) == []


def test_parked_work_is_an_error_at_once(box: Box, ledger: Ledger) -> None:
    job(ledger, "a", "upload", START, "parked", error="the key is not ours")
    job(ledger, "b", "upload", START, "parked", error="the key is not ours")
    job(ledger, "c", "render", START, "parked", error="the codec defeats us")
    found_now = found(box, ledger)
    assert [finding.severity for finding in found_now] == [Severity.ERROR] * 2
    assert {(finding.what.values["kind"], finding.what.values["count"]) for finding in found_now} == {("upload", 2), ("render", 1)}
    assert "the codec defeats us" in str(found_now[0].what) + str(found_now[1].what)
