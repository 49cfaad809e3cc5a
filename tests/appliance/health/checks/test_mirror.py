"""A mirror that carries nothing, a ring that overflows and lines without number display are noticed and told."""

from __future__ import annotations

import pytest

from appliance import ids
from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, mirror
from appliance.ledger import Ledger
from tests.appliance.troubled import DAY, anonymous, beat
from tests.fakes import facts
from tests.fakes.clock import START


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(mirror.check(Context(box, ledger, START)))


def test_a_tap_that_hears_and_drops_nothing_is_content(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START, interface="eth1", frames=1, dropped=0))
    assert found(box, ledger) == []


def test_dropped_frames_are_an_error_with_their_count(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START, interface="eth1", frames=1000, dropped=17))
    (finding,) = found(box, ledger)
    assert (finding.severity, finding.what.values) == (Severity.ERROR, {"interface": "eth1", "count": 17})


def test_a_silent_mirror_is_a_warning(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START, interface="eth1", frames=0, dropped=0))
    (finding,) = found(box, ledger)
    assert (finding.severity, finding.what.values) == (Severity.WARNING, {"interface": "eth1"})


def test_a_tap_that_has_not_counted_yet_is_no_reason_to_raise(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START))
    assert [finding.severity for finding in found(box, ledger)] == [Severity.WARNING]


def test_a_stopped_tap_and_other_services_say_nothing_of_the_mirror(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("capture", START, "stopped", frames=0, dropped=9))
    ledger.beat(beat("render", START, frames=0, dropped=9))
    assert found(box, ledger) == []


@pytest.mark.parametrize(("count", "told"), [(mirror.FEW - 1, 0), (mirror.FEW, 1), (mirror.FEW + 5, 1)])
def test_only_withheld_numbers_for_a_week_raise_a_doubt_about_number_display(
    box: Box, ledger: Ledger, count: int, told: int
) -> None:
    anonymous(ledger, count, START - 6 * DAY)
    assert [finding.what.values for finding in found(box, ledger)] == [{"count": count}] * told


def test_one_number_within_the_week_is_proof_enough(box: Box, ledger: Ledger) -> None:
    anonymous(ledger, 50, START - DAY)
    ledger.append(facts.ringing(at=START - 6 * DAY))
    assert found(box, ledger) == []


def test_a_number_of_last_month_or_of_an_outbound_call_proves_nothing(box: Box, ledger: Ledger) -> None:
    anonymous(ledger, 50, START - DAY)
    ledger.append(facts.ringing(call=ids.hash_id(1), at=START - 8 * DAY), facts.ringing(call=ids.hash_id(2), direction="outbound"))
    assert len(found(box, ledger)) == 1
