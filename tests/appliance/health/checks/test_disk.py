"""A disk that is nearly full is an error, one that will be full too soon at the present rate a warning."""

from __future__ import annotations

import pytest

from appliance import shelf
from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, disk
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.appliance.troubled import with_settings
from tests.fakes import facts
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(disk.check(Context(box, ledger, START)))


def recorded(ledger: Ledger, size: int, at: int, sequence: int = 1) -> None:
    ledger.append(facts.ready(recording=f"r{sequence}", sequence=sequence, bytes=size, started_at=at))


def test_a_roomy_disk_is_no_finding(box: Box, ledger: Ledger) -> None:
    recorded(ledger, 1000, START - SECOND)
    assert found(with_settings(box, disk_reserve_megabytes=50), ledger) == []


def test_below_the_reserve_is_an_error_that_names_the_folder(box: Box, ledger: Ledger) -> None:
    (finding,) = found(with_settings(box, disk_reserve_megabytes=10**12), ledger)
    assert finding.severity is Severity.ERROR
    assert abs(int(finding.what.values["free"]) - shelf.free_bytes(box.folders.data) // 1_000_000) < 2000
    assert str(box.folders.data) in str(finding.mend)


@pytest.mark.parametrize(("days_it_lasts", "warned"), [(2, True), (4, False)])
def test_the_rate_of_the_last_day_says_when_it_is_full(box: Box, ledger: Ledger, days_it_lasts: int, warned: bool) -> None:
    free = shelf.free_bytes(box.folders.data) - box.config.health.disk_reserve_megabytes * 1_000_000
    recorded(ledger, free // days_it_lasts, START - SECOND)
    assert [finding.severity for finding in found(box, ledger)] == [Severity.WARNING] * warned


def test_the_rate_is_that_of_the_last_day_alone(box: Box, ledger: Ledger) -> None:
    recorded(ledger, 10**15, START - DAY - 1, sequence=1)
    context = Context(box, ledger, START)
    assert disk.hours_left(context, 10**9) is None
    recorded(ledger, 12 * 10**6, START - DAY + 1, sequence=2)
    recorded(ledger, 12 * 10**6, START, sequence=3)
    assert disk.hours_left(context, 10**9) == 1000


def test_a_box_without_a_folder_yet_is_looked_at_where_it_will_be(box: Box, ledger: Ledger) -> None:
    elsewhere = Box.at(box.folders.data / "not" / "made" / "yet")
    assert found(with_settings(elsewhere, disk_reserve_megabytes=50), ledger) == []
