"""A canary call that does not come through is an error in its own words, a slow one a warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, canary
from appliance.ledger import Ledger
from tests.appliance.troubled import beat
from tests.fakes.clock import START


def found(box: Box, ledger: Ledger, state: str = "ok", **detail: str | float) -> list[Finding]:
    ledger.beat(replace(beat("ivr", START, state), detail=detail))
    return list(canary.check(Context(box, ledger, START)))


def test_a_call_that_came_through_is_no_finding(box: Box, ledger: Ledger) -> None:
    assert found(box, ledger, canary="placed→dialplan→answered→key", canary_ms=12.5) == []
    assert found(box, ledger) == [], "it has not sung yet"


def test_a_call_that_did_not_is_an_error_that_says_how_far_it_came(box: Box, ledger: Ledger) -> None:
    (finding,) = found(box, ledger, canary="placed→dialplan", canary_ms=10_000.0, canary_failed="nothing within 10 s")
    assert finding.severity is Severity.ERROR
    assert "placed→dialplan" in str(finding.what)
    assert "nothing within 10 s" in str(finding.what)


@pytest.mark.parametrize(("took", "findings"), [(1000.0, 0), (1000.1, 1)])
def test_a_call_that_took_long_is_a_warning(box: Box, ledger: Ledger, took: float, findings: int) -> None:
    assert len(found(box, ledger, canary="placed→dialplan→answered→key", canary_ms=took)) == findings


def test_a_service_that_fails_speaks_for_itself(box: Box, ledger: Ledger) -> None:
    assert found(box, ledger, state="failing: x", canary_failed="old") == []
