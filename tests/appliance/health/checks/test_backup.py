"""A backup that stopped coming is told after three days; a box that never made one is not asked."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, backup
from appliance.ledger import Ledger
from appliance.records import BackupStored
from tests.appliance.troubled import DAY
from tests.fakes.clock import START


@pytest.mark.parametrize(("ages", "told"), [([], []), ([0], []), ([3 * DAY], []), ([3 * DAY + 1], [3]), ([9 * DAY, DAY], [])])
def test_three_days_are_the_limit(box: Box, ledger: Ledger, ages: list[int], told: list[int]) -> None:
    for age in ages:
        ledger.append(BackupStored(at=START - age, backup=f"{age}.tar.age", store="s3", key="k", bytes=1))
    assert [one.what.values["days"] for one in backup.check(Context(box, ledger, START))] == told
