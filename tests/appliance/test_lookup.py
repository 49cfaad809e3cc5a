"""Calls and recordings are found by id, and come back as the values that were written."""

from __future__ import annotations

import pytest

from appliance import lookup
from appliance.ledger import Ledger
from tests.fakes import facts


def test_a_call_is_found_by_its_id(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ringing(call="otheraaaaaaaaaaa", caller="117"))
    found = lookup.get_call(ledger.connection, "otheraaaaaaaaaaa")
    assert found is not None
    assert (found.id, found.caller) == ("otheraaaaaaaaaaa", "117")


def test_flags_are_yes_no_or_not_known(ledger: Ledger) -> None:
    ledger.append(facts.ringing(start_seen=False))
    found = lookup.get_call(ledger.connection, facts.CALL)
    assert found is not None
    assert (found.start_seen, found.end_seen) == (False, None)
    ledger.append(facts.ended(end_seen=False))
    found = lookup.get_call(ledger.connection, facts.CALL)
    assert found is not None
    assert found.end_seen is False


@pytest.mark.parametrize("id_", [facts.RECORDING, facts.CALL])
def test_a_recording_is_found_by_its_id_or_its_calls(ledger: Ledger, id_: str) -> None:
    ledger.append(facts.ringing(), facts.ready(), facts.ready(recording="other", call="othercall", sequence=2))
    found = lookup.get_recording(ledger.connection, id_)
    assert found is not None
    assert found.facts == facts.ready()


@pytest.mark.parametrize("id_", ["", "nothing", "%", "' OR 1 --"])
def test_what_is_not_there_is_not_found(ledger: Ledger, id_: str) -> None:
    ledger.append(facts.ringing(), facts.ready())
    assert lookup.get_call(ledger.connection, id_) is None
    assert lookup.get_recording(ledger.connection, id_) is None


def test_recordings_come_in_the_order_of_the_chain(ledger: Ledger) -> None:
    for sequence in (3, 1, 2):
        ledger.append(facts.ready(recording=f"r{sequence}", call=f"c{sequence}", sequence=sequence))
    assert [found.facts.sequence for found in lookup.recordings(ledger.connection)] == [1, 2, 3]


def test_a_clause_chooses_calls(ledger: Ledger) -> None:
    ledger.append(*(facts.ringing(call=f"c{at}", at=at) for at in range(4)))
    sql, values = lookup.select_calls("WHERE started_at >= ? ORDER BY started_at DESC", (2,))
    assert [lookup.read_call(row).id for row in ledger.connection.execute(sql, values)] == ["c3", "c2"]
    assert len(ledger.connection.execute(*lookup.select_calls()).fetchall()) == 4
