"""From four fifths of the plan on it is said; only what lies in the store counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Severity, capacity
from appliance.ledger import Ledger
from appliance.records import RecordingErased
from tests.fakes import facts
from tests.fakes.clock import START


def with_plan(box: Box, gigabytes: int) -> Box:
    store = box.config.store.model_copy(update={"plan_gigabytes": gigabytes})
    return replace(box, config=box.config.model_copy(update={"store": store}))


def found(box: Box, ledger: Ledger) -> list[Severity]:
    return [one.severity for one in capacity.check(Context(box, ledger, START))]


@pytest.mark.parametrize(
    ("used", "told"), [(7_900_000_000, []), (8_000_000_000, [Severity.WARNING]), (10_000_000_000, [Severity.ERROR])]
)
def test_what_is_stored_is_measured_against_the_plan(box: Box, ledger: Ledger, used: int, told: list[Severity]) -> None:
    ledger.append(facts.ready(bytes=used), facts.stored())
    assert found(with_plan(box, 10), ledger) == told
    assert found(box, ledger) == [], "no plan, no limit"


def test_what_waits_or_was_erased_takes_no_room(box: Box, ledger: Ledger) -> None:
    ledger.append(facts.ready(bytes=10**12))
    assert found(with_plan(box, 10), ledger) == []
    ledger.append(facts.stored())
    assert found(with_plan(box, 10), ledger) == [Severity.ERROR]
    ledger.append(RecordingErased(at=START, recording=facts.RECORDING, who="x", why="y", objects=1, proof=""))
    assert found(with_plan(box, 10), ledger) == []
