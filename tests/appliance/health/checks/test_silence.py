"""A mirror is only missed while people telephone, and one direction is only missed where most calls lack it."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, silence
from appliance.ledger import Ledger
from appliance.moments import SECOND, from_iso
from tests.appliance.troubled import HOUR, beat, with_settings
from tests.fakes import facts
from tests.fakes.clock import START

MONDAY, SATURDAY = "2026-09-21T10:30:00+09:00", "2026-09-26T10:30:00+09:00"


def found(box: Box, ledger: Ledger, now: int) -> list[Finding]:
    return list(silence.check(Context(box, ledger, now)))


@pytest.mark.parametrize(
    ("at", "minutes", "told"),
    [(MONDAY, 61, True), (MONDAY, 59, False), (SATURDAY, 999, False), ("2026-09-21T08:59:00+09:00", 999, False),
     ("2026-09-21T09:00:00+09:00", 999, True), ("2026-09-21T17:30:00+09:00", 999, False)],
)  # fmt: skip
def test_silence_in_business_hours_is_an_error(box: Box, ledger: Ledger, at: str, minutes: int, told: bool) -> None:
    now = from_iso(at)
    ledger.beat(beat("capture", now, interface="eth1", frames=9, last_frame_at=now - minutes * 60 * SECOND))
    assert [one.severity for one in found(box, ledger, now)] == [Severity.ERROR] * told
    assert all(one.what.values == {"interface": "eth1", "minutes": minutes} for one in found(box, ledger, now))


def test_a_site_without_business_hours_is_never_asked(box: Box, ledger: Ledger) -> None:
    now = from_iso(MONDAY)
    ledger.beat(beat("capture", now, last_frame_at=1))
    assert found(with_settings(box, business_hours=""), ledger, now) == []


@pytest.mark.parametrize("detail", [{}, {"last_frame_at": None}])
def test_a_tap_that_never_heard_anything_is_the_other_checks_business(box: Box, ledger: Ledger, detail: dict[str, Any]) -> None:
    ledger.beat(beat("capture", from_iso(MONDAY), **detail))
    assert found(box, ledger, from_iso(MONDAY)) == []


@pytest.mark.parametrize(("one_sided", "whole", "told"), [(3, 1, True), (2, 2, False), (3, 0, False), (0, 9, False), (6, 5, True)])
def test_one_direction_is_missing_where_most_recordings_lack_a_side(
    box: Box, ledger: Ledger, one_sided: int, whole: int, told: bool
) -> None:
    for place in range(one_sided + whole):
        name = f"r{place}"
        ledger.append(facts.ready(recording=name, sequence=place + 1, started_at=START - HOUR, one_sided=place < one_sided))
    assert [one.what.values for one in found(box, ledger, START)] == [
        {"count": one_sided + whole, "one_sided": one_sided}
    ] * told  # fmt: skip
