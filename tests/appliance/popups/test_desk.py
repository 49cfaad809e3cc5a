"""Who took a call, what was written on it, what is still to be done, and who called before."""

from __future__ import annotations

import pytest

from appliance import ids
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.popups import desk
from appliance.records import CallErased
from tests.fakes import facts
from tests.fakes.clock import START

CALL = [ids.hash_id("desk", place) for place in range(6)]
HOUR = 3600 * SECOND


def happen(ledger: Ledger, place: int, answered: bool, hours: int = 0, **changes: object) -> str:
    at = START + hours * HOUR
    ledger.append(facts.ringing(call=CALL[place], at=at, **changes))
    ledger.append(facts.ended(call=CALL[place], at=at + 60 * SECOND, answered_at=at + SECOND if answered else None))
    return CALL[place]


def waiting(ledger: Ledger) -> list[str]:
    return [call.id for call in desk.to_do(ledger.connection, START - 1)]


def test_the_last_who_took_it_took_it(ledger: Ledger) -> None:
    for place, who in enumerate(("sato", "suzuki")):
        desk.take(ledger, CALL[0], who, START + place)
    assert desk.note_of(ledger.connection, CALL[0]) == desk.Note(taken_by="suzuki", taken_at=START + 1)


def test_a_memo_is_kept_changed_and_left_as_it_is(ledger: Ledger) -> None:
    desk.write(ledger, CALL[0], "sato", "一行目\r\n二行目 ", "open", START)
    assert desk.note_of(ledger.connection, CALL[0])[2:6] == ("一行目\n二行目", "sato", "open", "sato")
    desk.write(ledger, CALL[0], "ito", None, "done", START + 1)
    assert desk.note_of(ledger.connection, CALL[0])[2:6] == ("一行目\n二行目", "sato", "done", "ito")
    desk.write(ledger, CALL[0], "ito", "", "nonsense", START + 2)
    assert desk.note_of(ledger.connection, CALL[0])[2:5] == ("", "ito", "")


@pytest.mark.parametrize("memo", ["\0", "\ud800", "x" * 100_000, "<script>", "' OR 1"])
def test_whatever_is_typed_is_kept_as_text(ledger: Ledger, memo: str) -> None:
    desk.write(ledger, CALL[0], "sato", memo, "", START)
    assert len(desk.note_of(ledger.connection, CALL[0]).memo) <= desk.LONGEST


def test_a_memo_is_in_no_record_and_goes_with_the_call(ledger: Ledger) -> None:
    happen(ledger, 0, True)
    desk.write(ledger, CALL[0], "sato", "娘さんの学校の件", "", START)
    assert not ledger.connection.execute("SELECT 1 FROM record WHERE body LIKE '%school%' OR body LIKE '%\\u5a18%'").fetchall()
    ledger.append(CallErased(at=START, call=CALL[0], who="boss", why="case 1", line_too=False))
    assert desk.note_of(ledger.connection, CALL[0]).memo == ""


def test_a_missed_call_waits_until_somebody_spoke_with_them_or_says_done(ledger: Ledger) -> None:
    missed = happen(ledger, 0, False)
    hidden = happen(ledger, 1, False, 1, caller="", caller_reason="anonymous")
    assert waiting(ledger) == [hidden, missed]
    desk.write(ledger, hidden, "sato", None, "done", START)
    assert waiting(ledger) == [missed]
    happen(ledger, 2, True, 2, direction="outbound", caller="0398765432", called="0312345678")
    assert waiting(ledger) == [], "they were called back"


def test_an_answered_call_waits_only_when_somebody_says_so(ledger: Ledger) -> None:
    call = happen(ledger, 0, True)
    assert waiting(ledger) == []
    desk.write(ledger, call, "sato", "折り返し", "open", START)
    assert waiting(ledger) == [call]
    assert desk.is_to_do(ledger.connection, call, START + 100 * HOUR), "it waits however old it is"
    desk.write(ledger, call, "sato", None, "done", START)
    assert not desk.is_to_do(ledger.connection, call, START)


def test_a_call_that_was_answered_later_settles_the_missed_one_before(ledger: Ledger) -> None:
    happen(ledger, 0, False)
    happen(ledger, 1, True, 1)
    assert waiting(ledger) == []


def test_missed_calls_of_other_lines_are_not_shown(ledger: Ledger) -> None:
    happen(ledger, 0, False)
    assert desk.to_do(ledger.connection, START - 1, 50, "line IN (?)", "03-9876-5432")
    assert not desk.to_do(ledger.connection, START - 1, 50, "line IN (?)", "201")


def test_contacts_are_earlier_calls_either_way_with_what_was_said(ledger: Ledger) -> None:
    first = happen(ledger, 0, True)
    back = happen(ledger, 1, True, 1, direction="outbound", caller="0398765432", called="0312345678")
    desk.take(ledger, first, "sato", START)
    found = desk.contacts(ledger.connection, "0312345678", START + 5 * HOUR, 5)
    assert [(one.call.id, one.note.taken_by) for one in found] == [(back, ""), (first, "sato")]
    assert [one.call.id for one in desk.contacts(ledger.connection, "0312345678", START + HOUR)] == [first]
    assert desk.contacts(ledger.connection, "0312345678", START + 5 * HOUR, 5, "line IN (?)", "201") == []
    assert desk.contacts(ledger.connection, "", START + HOUR) == []


def test_what_is_to_be_done_is_found_along_the_time_and_not_among_all_inbound_calls(ledger: Ledger) -> None:
    said = list[str]()
    ledger.connection.set_trace_callback(said.append)
    desk.to_do(ledger.connection, START)
    ledger.connection.set_trace_callback(None)
    plan = [str(row[3]) for row in ledger.connection.execute(f"EXPLAIN QUERY PLAN {said[-1]}")]
    assert any("call_started" in step for step in plan), plan
    assert not any("call_direction" in step for step in plan), plan
