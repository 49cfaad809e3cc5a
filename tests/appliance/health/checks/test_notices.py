"""Notices that wait are told of by channel; fresh ones and told ones are not."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, notices
from appliance.ledger import Ledger
from tests.appliance.troubled import job
from tests.fakes.clock import START


@pytest.mark.parametrize(
    ("age", "state", "told"), [(notices.LATE + 1, "ready", 1), (notices.LATE - 1, "ready", 0), (notices.LATE + 1, "done", 0)]
)
def test_a_quarter_of_an_hour_is_late(box: Box, ledger: Ledger, age: int, state: str, told: int) -> None:
    job(ledger, "desk/disk/1/opened", "notice", START - age, state, error="desk.example: cannot be reached")
    ledger.connection.execute("""UPDATE job SET body = '{"channel": "desk"}'""")
    found = [one.what.values for one in notices.check(Context(box, ledger, START))]
    assert found == [{"count": 1, "channel": "desk", "error": "desk.example: cannot be reached"}] * told
