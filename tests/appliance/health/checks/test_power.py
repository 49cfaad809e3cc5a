"""A loss of power is told for a day."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, power
from appliance.ledger import Ledger
from appliance.records import PowerLost
from tests.appliance.troubled import DAY, HOUR
from tests.fakes.clock import START


@pytest.mark.parametrize(("age", "told"), [(HOUR, 1), (DAY + 1, 0)])
def test_it_is_told_with_both_moments(box: Box, ledger: Ledger, age: int, told: int) -> None:
    ledger.append(PowerLost(at=START - age, serial="box", last_sign=START - age - HOUR, booted_at=START - age))
    found = [one.what.values for one in power.check(Context(box, ledger, START))]
    assert found == [{"last": "2026-09-21 21:13:20", "again": "2026-09-21 22:13:20"}] * told
