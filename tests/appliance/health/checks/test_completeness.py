"""A call that ended and is neither recorded nor explained is an error; what lies in quarantine is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity, completeness
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import LegTied
from tests.fakes import facts
from tests.fakes.clock import START

LIMIT = 30 * 60 * SECOND


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(completeness.check(Context(box, ledger, START)))


def ended(ledger: Ledger, call: str, at: int) -> None:
    ledger.append(facts.ringing(call=call, at=at - SECOND), facts.ended(call=call, at=at))


def test_an_unexplained_call_is_an_error_once_there_was_time_to_render_it(box: Box, ledger: Ledger) -> None:
    ended(ledger, "a" * 16, START - LIMIT)
    assert found(box, ledger) == []
    ended(ledger, "b" * 16, START - LIMIT - 1)
    (finding,) = found(box, ledger)
    assert (finding.severity, finding.what.values) == (Severity.ERROR, {"count": 1})


def test_settled_and_open_calls_are_no_error(box: Box, ledger: Ledger) -> None:
    for call in ("a" * 16, "b" * 16):
        ended(ledger, call, START - 9 * LIMIT)
    ledger.append(facts.not_recorded(call="a" * 16), facts.ready(call="b" * 16), facts.ringing(call="c" * 16, at=START - 9 * LIMIT))
    assert found(box, ledger) == []


def test_a_call_waits_for_its_legs_and_no_longer(box: Box, ledger: Ledger) -> None:
    main, leg = "a" * 16, "b" * 16
    ended(ledger, main, START - 9 * LIMIT)
    tied = LegTied(at=START - 9 * LIMIT, call=leg, main=main, to=main, why="refer", swapped=False)
    ledger.append(facts.ringing(call=leg, at=START - 9 * LIMIT), tied)
    assert found(box, ledger) == [], "the leg is under way"
    ledger.append(facts.ended(call=leg, at=START - LIMIT), facts.not_recorded(call=leg, reason="tied"))
    assert found(box, ledger) == []
    with ledger.transaction() as connection:
        connection.execute("UPDATE call SET ended_at = ended_at - 1 WHERE id = ?", (leg,))
    (finding,) = found(box, ledger)
    assert finding.what.values == {"count": 1}


@pytest.mark.parametrize(("names", "count"), [(["a.tar.age", "b.tar.age"], 2), ([], 0), ([".a.tar.age.12.part", "note.txt"], 0)])
def test_what_is_kept_in_quarantine_is_counted(box: Box, ledger: Ledger, names: list[str], count: int) -> None:
    folder: Path = box.folders.quarantine
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"")
    assert [finding.what.values for finding in found(box, ledger)] == [{"count": count}] * bool(count)
