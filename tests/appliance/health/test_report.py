"""The report holds what every check finds, the worst first."""

from __future__ import annotations

from appliance import registry
from appliance.box import Box
from appliance.health import report
from appliance.health.checks import Context, Severity
from appliance.ledger import Ledger
from tests.appliance.furnished import Furnished
from tests.appliance.troubled import context, trouble
from tests.fakes.clock import START

BADNESS = [Severity.ERROR, Severity.WARNING, Severity.NOTICE]


def test_the_worst_comes_first_and_each_names_its_check(own: Furnished) -> None:
    at = trouble(own)
    with at.ledger() as ledger:
        found = report.run(context(at, ledger))
    assert {item.finding.severity for item in found} == set(BADNESS)
    order = [(BADNESS.index(item.finding.severity), item.check) for item in found]
    assert order == sorted(order)


def test_nothing_that_a_check_finds_is_left_out(own: Furnished) -> None:
    at = trouble(own)
    with at.ledger() as ledger:
        everything = context(at, ledger)
        found = report.run(everything)
        for name, module in registry.members("appliance.health.checks").items():
            assert len([item for item in found if item.check == name]) == len(list(module.check(everything)))
            assert all(report.Reported(name, finding) in found for finding in module.check(everything))


def test_a_new_box_has_nothing_worse_than_a_warning(box: Box, ledger: Ledger) -> None:
    assert all(item.finding.severity is not Severity.ERROR for item in report.run(Context(box, ledger, START)))
