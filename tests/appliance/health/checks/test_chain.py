"""A chain that is shorter than was vouched for, or has a gap, is an error."""

from __future__ import annotations

import pytest

from appliance import checkpoints, keys
from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, chain
from appliance.ledger import Ledger
from tests.fakes import facts
from tests.fakes.clock import START


@pytest.fixture
def found(box: Box, ledger: Ledger) -> Context:
    """A box that vouched for three recordings."""
    for number in (1, 2, 3):
        ledger.append(facts.ready(recording=f"r{number}", call=f"c{number}", sequence=number))
    checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), START)
    return Context(box, ledger, START)


def look(context: Context) -> list[Finding]:
    return list(chain.check(context))


def test_a_whole_chain_is_no_finding(found: Context) -> None:
    assert look(found) == []


@pytest.mark.parametrize(("gone", "said"), [(3, "the end of the chain was cut off"), (2, "1 are missing")])
def test_an_end_cut_off_and_a_gap_are_errors(found: Context, gone: int, said: str) -> None:
    found.ledger.connection.execute("DELETE FROM recording WHERE sequence = ?", (gone,))
    (finding,) = look(found)
    assert finding.severity is Severity.ERROR and said in str(finding.what) and "verify --all" in str(finding.mend)
