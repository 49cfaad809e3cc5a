"""More than a percent of a day's speech lost is a warning; a short call or another day's loss is none."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Severity, loss
from appliance.ledger import Ledger
from tests.appliance.troubled import DAY, HOUR
from tests.fakes import facts
from tests.fakes.clock import START


@pytest.mark.parametrize(
    ("packets", "lost", "age", "told"),
    [(9900, 100, HOUR, True), (9900, 99, HOUR, False), (2999, 900, HOUR, False), (9900, 900, DAY + 1, False)],
)
def test_a_percent_of_the_last_day_is_the_limit(box: Box, ledger: Ledger, packets: int, lost: int, age: int, told: bool) -> None:
    ledger.append(facts.ready(started_at=START - age, packets=packets, lost=lost))
    found = list(loss.check(Context(box, ledger, START)))
    assert [one.severity for one in found] == [Severity.WARNING] * told


def test_it_says_how_much_and_in_how_many_calls(box: Box, ledger: Ledger) -> None:
    for place, lost in enumerate((300, 0, 300)):
        ledger.append(facts.ready(recording=f"r{place}", sequence=place + 1, started_at=START - HOUR, packets=3000, lost=lost))
    (finding,) = loss.check(Context(box, ledger, START))
    assert finding.what.values == {"percent": 6.2, "calls": 2}
