"""A call's state machine: its table says everything that can happen, and what is not in the table changes nothing."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ids import CallId
from appliance.moments import SECOND
from appliance.records import Side
from capture import dialog, parties, sip
from capture.dialog import TABLE, Dialog, Event, State, end_reason, event_of
from tests.capture.playbook import CALLED, CALLER, START, Call, config

CALL = Call()
PAIRS = list(product(State, Event))


def talk(state: State = State.CALLING, **facts: object) -> Dialog:
    people = parties.read(sip.parse(CALL.invite()), CALLER, CALLED, config())
    made = Dialog(
        call=CallId("a" * 16), sip_call_id=CALL.call_id, caller_tag="caller", parties=people, started_at=START, start_seen=True, now=0,
        state=state, last_at=START,
    )  # fmt: skip
    for name, value in facts.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda word: word.value)
def test_what_is_not_in_the_table_changes_nothing(state: State, event: Event) -> None:
    found = talk(state)
    changed = found.take(event, START + 5)
    assert found.state is TABLE.get((state, event), state)
    assert changed == (found.state is not state)
    if (state, event) not in TABLE:
        assert (found.ringing_at, found.answered_at, found.ended_at) == (None, None, None)


def test_an_ended_call_stays_ended() -> None:
    assert not [state for state, _ in TABLE if state is State.ENDED]


def test_an_answered_call_ends_only_with_bye_or_its_deadline() -> None:
    assert {event for state, event in TABLE if state is State.ANSWERED} == {Event.BYE, Event.DEADLINE}


def test_every_state_but_the_last_has_a_deadline_and_every_state_can_be_reached() -> None:
    assert all(TABLE[state, Event.DEADLINE] is State.ENDED for state in State if state is not State.ENDED)
    assert {State.CALLING, *TABLE.values()} == set(State)


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_any_events_in_any_order_move_along_the_table_and_keep_the_times_in_order(events: list[Event]) -> None:
    found, seen = talk(), []
    for at, event in enumerate(events, start=START):
        found.take(event, at)
        seen.append(found.state)
        assert found.live == (found.state is not State.ENDED)
    moments = [moment for moment in (found.ringing_at, found.answered_at, found.ended_at) if moment is not None]
    assert moments == sorted(moments)
    assert (found.answered_at is not None) == (State.ANSWERED in seen)
    assert (found.ended_at is not None) == (State.ENDED in seen)
    assert seen.count(State.ENDED) == 0 or set(seen[seen.index(State.ENDED) :]) == {State.ENDED}


def test_the_first_ringing_is_the_one_that_counts() -> None:
    found = talk()
    found.take(Event.RINGING, START + 1)
    found.take(Event.RINGING, START + 2)
    assert found.ringing_at == START + 1


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (CALL.invite(), Event.INVITE),
        (CALL.request("INVITE"), Event.INVITE),
        (CALL.request("BYE"), Event.BYE),
        (CALL.request("CANCEL", within=False), Event.CANCEL),
        (CALL.request("ACK"), None),
        (CALL.request("UPDATE"), None),
        (CALL.request("PRACK"), None),
        (CALL.response(100), None),
        (CALL.response(180), Event.RINGING),
        (CALL.response(183), Event.RINGING),
        (CALL.response(199), Event.RINGING),
        (CALL.response(200), Event.ANSWER),
        (CALL.response(202), Event.ANSWER),
        (CALL.response(302), Event.FAILURE),
        (CALL.response(401), Event.CHALLENGE),
        (CALL.response(407), Event.CHALLENGE),
        (CALL.response(422), Event.CHALLENGE),
        (CALL.response(486), Event.FAILURE),
        (CALL.response(503), Event.FAILURE),
        (CALL.response(603), Event.FAILURE),
        (CALL.response(200, to="BYE"), None),
        (CALL.response(200, to="PRACK"), None),
        (CALL.response(481, to="UPDATE"), None),
        (CALL.response(401, to="REGISTER"), None),
    ],
)
def test_a_message_means_one_event_or_none(message: bytes, event: Event | None) -> None:
    assert event_of(sip.parse(message)) is event


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, "busy"), (600, "busy"), (603, "rejected"), (403, "rejected"), (404, "not_found"), (484, "not_found"), (487, "cancelled"),
        (408, "no_answer"), (480, "no_answer"), (302, "redirected"), (407, "unauthorized"), (500, "failed"), (606, "failed"),
    ],
)  # fmt: skip
def test_the_end_has_a_word_that_people_can_be_shown(status: int, reason: str) -> None:
    message = sip.parse(CALL.response(status))
    assert end_reason(message, Side.CALLED, cancelled=False) == reason
    assert end_reason(message, Side.CALLED, cancelled=True) == "cancelled"


def test_who_hung_up_is_said() -> None:
    bye = sip.parse(CALL.request("BYE"))
    assert [end_reason(bye, side, cancelled=False) for side in Side] == ["hangup_caller", "hangup_called"]


@pytest.mark.parametrize("by", list(Side))
def test_who_sent_a_message_is_read_from_its_tags(by: Side) -> None:
    for message in (CALL.request("UPDATE", by=by), CALL.response(200, by=by), CALL.response(200, to="BYE", by=by)):
        found = sip.parse(message)
        assert talk().side_of(found, sip.name_address(found.get("from")).parameters["tag"]) is by


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ({}, 200),
        ({"state": State.RINGING}, 200),
        ({"state": State.RINGING, "cancelled": True}, 32),
        ({"state": State.CHALLENGED}, 10),
        ({"state": State.ANSWERED}, 3600),
        ({"state": State.ANSWERED, "cancelled": True}, 3600),
        ({"state": State.ANSWERED, "session_expires": 300}, 450),
        ({"state": State.ANSWERED, "session_expires": 9000}, 3600),
        ({"state": State.ANSWERED, "recovered": True}, 10),
        ({"state": State.ENDED}, 1),
        ({"state": State.ENDED, "closed": True}, 40),
    ],
)
def test_a_timer_is_a_number_handed_out(facts: dict[str, object], seconds: int) -> None:
    assert talk(**{"now": 7, **facts}).deadline() == 7 + seconds * SECOND  # type: ignore[arg-type]


def test_a_call_that_lives_has_no_end_to_tell() -> None:
    with pytest.raises(AssertionError):
        talk().ended()


def test_the_picture_shows_every_edge_of_the_table() -> None:
    drawn = dialog.picture()
    for (state, event), following in TABLE.items():
        assert f'{state.value} -> {following.value} [label="{event.value}"]' in drawn
    assert drawn.count("->") == len(TABLE)


def test_the_module_draws_itself() -> None:
    shown = subprocess.run([sys.executable, "-m", "capture.dialog"], capture_output=True, text=True, check=True)
    assert shown.stdout == dialog.picture() + "\n"
