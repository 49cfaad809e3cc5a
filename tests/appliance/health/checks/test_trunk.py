"""A trunk that is down is an error with its reason; where nothing is known, nothing is said."""

from __future__ import annotations

from dataclasses import replace

from appliance.box import Box
from appliance.health.checks import Context, Severity, trunk
from appliance.ledger import Ledger
from tests.appliance.telephones import PHONE
from tests.appliance.troubled import beat
from tests.fakes.clock import START


def telephones(box: Box) -> Box:
    return replace(box, config=box.config.model_copy(update={"phone": PHONE}))


def test_a_trunk_that_is_refused_is_an_error_with_its_reason(box: Box, ledger: Ledger) -> None:
    ledger.beat(beat("ivr", START, trunks={"ntt": {"registration": "Rejected", "contact": "Reachable"}}))
    (finding,) = trunk.check(Context(telephones(box), ledger, START))
    assert finding.severity is Severity.ERROR
    assert "refuses the sign-in" in str(finding.what)


def test_a_trunk_that_is_up_or_unknown_is_no_finding(box: Box, ledger: Ledger) -> None:
    assert list(trunk.check(Context(telephones(box), ledger, START))) == []
    ledger.beat(beat("ivr", START, trunks={"ntt": {"registration": "Registered", "contact": "Reachable"}}))
    assert list(trunk.check(Context(telephones(box), ledger, START))) == []
    assert list(trunk.check(Context(box, ledger, START))) == []
