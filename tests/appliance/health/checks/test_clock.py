"""A clock that stands before a call that was recorded already was set back."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.health.checks import Context, clock
from appliance.ledger import Ledger
from tests.fakes import facts
from tests.fakes.clock import START


@pytest.mark.parametrize(("ahead", "told"), [(clock.AHEAD, 0), (clock.AHEAD + 1, 1), (-(10**15), 0)])
def test_two_minutes_are_forgiven(box: Box, ledger: Ledger, ahead: int, told: int) -> None:
    ledger.append(facts.ready(started_at=START + ahead))
    assert len(list(clock.check(Context(box, ledger, START)))) == told
