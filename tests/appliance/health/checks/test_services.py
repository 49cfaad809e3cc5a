"""A service that has spoken must go on speaking; what it says of itself is believed."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, services
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.appliance.troubled import beat
from tests.fakes.clock import START


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(services.check(Context(box, ledger, START)))


@pytest.mark.parametrize(("age", "late"), [(0, False), (45, False), (46, True), (86400, True), (-3600, False)])
def test_a_service_that_falls_silent_is_an_error(box: Box, ledger: Ledger, age: int, late: bool) -> None:
    ledger.beat(beat("render", START - age * SECOND))
    assert [(finding.severity, finding.what.values) for finding in found(box, ledger)] == (
        [(Severity.ERROR, {"service": "render", "seconds": age})] if late else []
    )


def test_a_service_that_was_stopped_is_a_notice_however_long_ago(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("render", START - 10**6 * SECOND, "stopped"))
    (finding,) = found(box, ledger)
    assert finding.severity is Severity.NOTICE
    assert str(finding.mend).endswith("systemctl start appliance-render")


def test_a_service_that_says_it_fails_is_an_error_in_its_own_words(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("render", START, "failing: 100% of the disk is used"))
    (finding,) = found(box, ledger)
    assert finding.severity is Severity.ERROR
    assert "failing: 100% of the disk is used" in str(finding.what)


def test_each_service_is_judged_by_itself(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START))
    ledger.beat(beat("render", START - 60 * SECOND))
    ledger.beat(beat("web", START, "stopped"))
    assert [finding.what.values["service"] for finding in found(box, ledger)] == ["render", "web"]
