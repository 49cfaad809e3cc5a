"""A certificate is told of three weeks before its end, as an error on its last day, and one that cannot be read at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from appliance import tls
from appliance.box import Box
from appliance.health.checks import Context, Severity, certificate
from appliance.ledger import Ledger
from appliance.moments import to_datetime
from tests.appliance.troubled import DAY
from tests.fakes.clock import START


def found(box: Box, ledger: Ledger, days: int) -> list[Severity]:
    tls.own_certificate(box.folders.keys, "box", to_datetime(START), timedelta(days=100))
    return [one.severity for one in certificate.check(Context(box, ledger, START + (100 - days) * DAY))]


@pytest.mark.parametrize(
    ("days", "told"), [(99, []), (22, []), (20, [Severity.WARNING]), (0, [Severity.ERROR]), (-5, [Severity.ERROR])]
)
def test_the_days_that_are_left_decide(box: Box, ledger: Ledger, days: int, told: list[Severity]) -> None:
    assert found(box, ledger, days) == told


def test_a_box_without_one_is_content(box: Box, ledger: Ledger) -> None:
    assert list(certificate.check(Context(box, ledger, START))) == []


def test_a_configured_one_that_is_missing_is_an_error_that_names_it(box: Box, ledger: Ledger) -> None:
    web = box.config.web.model_copy(update={"certificate": "/nowhere/web.pem"})
    named = replace(box, config=box.config.model_copy(update={"web": web}))
    (finding,) = certificate.check(Context(named, ledger, START))
    assert finding.severity is Severity.ERROR and "/nowhere/web.pem" in str(finding.what)
