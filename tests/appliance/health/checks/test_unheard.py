"""Answered calls without speech are told by reason where they are many; what was forbidden, missed or tied is no trouble."""

from __future__ import annotations

import pytest

from appliance import ids
from appliance.box import Box
from appliance.health.checks import Context, Severity, unheard
from appliance.ledger import Ledger
from appliance.records import NotRecorded
from tests.appliance.troubled import DAY, HOUR
from tests.fakes import facts
from tests.fakes.clock import START


def calls(ledger: Ledger, count: int, reason: str = "", at: int = START - HOUR, *, answered: bool = True) -> None:
    for place in range(count):
        call = ids.hash_id("call", reason, at, place, answered)
        ledger.append(facts.ringing(call=call, at=at))
        if answered:
            ledger.append(facts.answered(call=call, at=at))
        ledger.append(facts.ended(call=call, at=at, started_at=at, answered_at=at if answered else None))
        if reason:
            ledger.append(facts.not_recorded(call=call, at=at, reason=reason))


@pytest.mark.parametrize("reason", ["no_media", "encrypted", "kernel_drop", "unknown_codec", "damaged"])
def test_each_reason_has_its_own_mend(box: Box, ledger: Ledger, reason: str) -> None:
    calls(ledger, 2, reason)
    (finding,) = unheard.check(Context(box, ledger, START))
    assert finding.severity is Severity.ERROR
    assert finding.what.values == {"count": 2, "answered": 2, "reason": reason}
    assert finding.mend.message == unheard._MENDS[reason]


@pytest.mark.parametrize("reason", ["excluded_line", "excluded_rule", "paused", "not_answered", "tied"])
def test_what_was_meant_is_no_trouble(box: Box, ledger: Ledger, reason: str) -> None:
    assert reason in set(NotRecorded)
    calls(ledger, 5, reason)
    assert list(unheard.check(Context(box, ledger, START))) == []


def test_one_of_many_is_a_matter_of_that_call(box: Box, ledger: Ledger) -> None:
    calls(ledger, 1, "no_media")
    calls(ledger, 9)
    assert len(list(unheard.check(Context(box, ledger, START)))) == 1, "one of ten"
    calls(ledger, 1, at=START - 2 * HOUR)
    assert list(unheard.check(Context(box, ledger, START))) == []


def test_missed_calls_and_those_of_another_day_are_not_counted(box: Box, ledger: Ledger) -> None:
    calls(ledger, 5, "no_media", answered=False)
    calls(ledger, 5, "no_media", at=START - DAY - 1)
    assert list(unheard.check(Context(box, ledger, START))) == []
