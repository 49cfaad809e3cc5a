"""What canary, sample and drill found wrong is said with its mend until it is found well again."""

from __future__ import annotations

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity
from appliance.health.checks import stored as check
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import DrillDone, StoreProbed, StoreSampled
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND


def found(box: Box, ledger: Ledger, now: int = START) -> list[Finding]:
    return list(check.check(Context(box, ledger, now)))


def test_a_store_that_was_never_looked_at_is_no_finding(box: Box, ledger: Ledger) -> None:
    assert found(box, ledger) == []


def test_the_canarys_problems_stay_until_a_canary_finds_none(box: Box, ledger: Ledger) -> None:
    ledger.append(StoreProbed(at=1, store="folder", capabilities={}, problems=("deleting LETS IT HAPPEN; take the right",)))
    (finding,) = found(box, ledger)
    assert "take the right" in str(finding.what)
    assert "appliance uploader canary" in str(finding.mend)
    ledger.append(StoreProbed(at=2, store="folder", capabilities={}, problems=()))
    assert found(box, ledger) == []


def test_another_stores_problems_are_not_this_ones(box: Box, ledger: Ledger) -> None:
    ledger.append(StoreProbed(at=1, store="s3", capabilities={}, problems=("x",)))
    assert found(box, ledger) == []


def test_a_sample_that_came_back_wrong_is_an_error_until_it_comes_back_right(box: Box, ledger: Ledger) -> None:
    ledger.append(StoreSampled(at=1, recording="r", store="folder", problem="other bytes"))
    (finding,) = found(box, ledger)
    assert finding.severity is Severity.ERROR
    ledger.append(StoreSampled(at=2, recording="r", store="folder", problem=""))
    assert found(box, ledger) == []


def test_a_drill_that_failed_or_is_overdue_is_said(box: Box, ledger: Ledger) -> None:
    ledger.append(DrillDone(at=START, store="folder", depth="opened", recordings=3, problems=("one did not come back",)))
    (finding,) = found(box, ledger)
    assert (finding.severity, finding.what.values) == (Severity.ERROR, {"problem": "one did not come back"})
    ledger.append(DrillDone(at=START + 1, store="folder", depth="opened", recordings=4, problems=()))
    assert found(box, ledger) == []
    (finding,) = found(box, ledger, START + 50 * DAY)
    assert finding.what.values == {"days": 49}
