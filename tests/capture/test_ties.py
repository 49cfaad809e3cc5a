"""What ties calls to one another and what does not, message by message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.records import LegTied, Side
from capture.effects import Close, Exclude
from capture.frames import Address
from tests.capture.playbook import CALL, Call, Stage, office, sdp

TRUNK, PBX, PHONE, OTHER = (Address(bytes([192, 0, 2, number]), 5060) for number in (1, 5, 20, 30))
CALLED = Side.CALLED
FIRST = replace(CALL, call_id="first", caller_tag="c1", called_tag="d1")
LEG = replace(
    CALL, call_id="leg", caller_tag="c2", called_tag="d2", called="<sip:201@192.0.2.20>", target="sip:201@192.0.2.20",
    caller='"Takahashi" <sip:09012345678@192.0.2.5>',
)  # fmt: skip
WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'
FROM_A, TO_BOX = sdp("192.0.2.1", 4000), sdp("192.0.2.5", 10000)
UUID = "ab30317f1a784dc48ff824d0d3715d86"


def session(uuid: str = UUID) -> str:
    return f"Session-ID: {uuid};remote={'0' * 32}"


def begun(call: Call = FIRST, body: str = FROM_A, *extra: str, source: Address = TRUNK, to: Address = PBX) -> Stage:
    """A stage on which the first call rings."""
    stage = Stage()
    stage.hears(call.invite(body, extra=extra), source=source, to=to)
    stage.hears(call.response(180), by=CALLED, source=to, to=source)
    return stage


def tied(stage: Stage) -> list[tuple[str, bool]]:
    return [(one.why, one.swapped) for one in stage.all(LegTied)]


def leg(stage: Stage, call: Call = LEG, body: str = TO_BOX, *extra: str, source: Address = PBX, to: Address = PHONE) -> list[str]:
    """The words of the second INVITE that speak of ties."""
    words = stage.hears(call.invite(body, extra=extra), source=source, to=to)
    return [word for word in words if word.startswith(("tied", "weird", "exclude"))]


SEVERAL = {
    "its number": (LEG, TO_BOX, (), "tied number"),
    "a number dialled on": (replace(LEG, called="<sip:345678@x>", target="sip:345678@192.0.2.20"), TO_BOX, (), "tied number"),
    "diverted": (
        replace(LEG, called="<sip:0612345678@x>", target="sip:0612345678@192.0.2.20"),
        TO_BOX,
        ("Diversion: <sip:0312345678@x>;reason=unconditional",),
        "tied number",
    ),
    "its audio": (replace(LEG, caller="<sip:0312345678@192.0.2.5>", target="sip:5678@x"), FROM_A, (), "tied media"),
    "its Session-ID": (LEG, TO_BOX, (session(),), "tied session"),
    "its Call-ID": (LEG, TO_BOX, ("X-Original-Call-ID: first",), "tied call_id"),
}


@pytest.mark.parametrize(("call", "body", "extra", "word"), SEVERAL.values(), ids=SEVERAL)
def test_a_box_that_sends_the_call_on_is_known_by(call: Call, body: str, extra: tuple[str, ...], word: str) -> None:
    stage = begun(FIRST, FROM_A, session())
    assert leg(stage, call, body, *extra) == [word]
    record = stage.last(LegTied)
    assert (record.main, record.to, record.swapped) == (record.to, record.main, False)


@pytest.mark.parametrize(("call", "body", "extra", "word"), SEVERAL.values(), ids=SEVERAL)
def test_nothing_of_it_counts_from_a_host_to_which_the_first_call_did_not_go(
    call: Call, body: str, extra: tuple[str, ...], word: str
) -> None:
    stage = begun(FIRST, FROM_A, session())
    assert leg(stage, call, body, *extra, source=OTHER) == []
    assert leg(stage, replace(call, call_id="more"), body, *extra, source=TRUNK) == []


@pytest.mark.parametrize(("call", "body", "extra", "word"), SEVERAL.values(), ids=SEVERAL)
def test_nothing_of_it_counts_once_the_first_call_is_over(call: Call, body: str, extra: tuple[str, ...], word: str) -> None:
    stage = begun(FIRST, FROM_A, session())
    stage.hears(FIRST.response(486), by=CALLED, source=PBX, to=TRUNK)
    assert leg(stage, call, body, *extra) == []


STRANGE = replace(LEG, caller="<sip:0699999999@192.0.2.5>", called="<sip:7777@x>", target="sip:7777@192.0.2.20")


@pytest.mark.parametrize(
    ("body", "extra"), [(TO_BOX, ()), (FROM_A, ()), (TO_BOX, (session(),)), (TO_BOX, ("X-Call-ID: first",))], ids=list("nmsc")
)
def test_numbers_that_do_not_agree_are_two_talks(body: str, extra: tuple[str, ...]) -> None:
    assert leg(begun(FIRST, FROM_A, session()), STRANGE, body, *extra) == []


def test_numbers_alone_count_only_while_it_rings() -> None:
    stage = begun()
    stage.hears(FIRST.response(200, sdp("192.0.2.5", 10002)), by=CALLED, source=PBX, to=TRUNK)
    assert leg(stage) == []


def test_a_withheld_number_alone_ties_nothing_and_audio_does() -> None:
    first, second = replace(FIRST, caller=WITHHELD), replace(LEG, caller=WITHHELD)
    assert leg(begun(first), second) == []
    assert leg(begun(first), second, FROM_A) == ["tied media"]


def test_a_null_session_and_one_of_another_call_tie_nothing() -> None:
    first, second = replace(FIRST, caller=WITHHELD), replace(LEG, caller=WITHHELD)
    assert leg(begun(first, FROM_A, session("0" * 32)), second, TO_BOX, session("0" * 32)) == []
    assert leg(begun(first, FROM_A, session("1" * 32)), second, TO_BOX, session("2" * 32)) == []


def test_one_audio_port_of_a_telephone_for_two_calls_ties_nothing() -> None:
    """Cheap telephones announce the same port always: in one call as the called party, in the next as the caller."""
    stage = begun(to=PHONE)
    stage.hears(FIRST.response(200, sdp("192.0.2.20", 4000)), by=CALLED, source=PHONE, to=TRUNK)
    asking = replace(LEG, caller="<sip:201@192.0.2.20>", called="<sip:202@x>", target="sip:202@192.0.2.30")
    assert leg(stage, asking, sdp("192.0.2.20", 4000), source=PHONE, to=OTHER) == []


def test_music_for_many_at_one_multicast_address_ties_nothing() -> None:
    music = sdp("239.1.1.1", 16384)
    first, second = replace(FIRST, caller=WITHHELD), replace(LEG, caller=WITHHELD)
    assert leg(begun(first, music), second, music) == []


def test_where_two_talks_fit_none_is_taken_and_it_is_counted() -> None:
    stage = begun()
    stage.hears(replace(FIRST, call_id="again").invite(sdp("192.0.2.1", 4002)), source=TRUNK, to=PBX)
    assert leg(stage) == ["weird legs-ambiguous"]


def test_of_two_talks_the_one_of_the_same_caller_counts() -> None:
    stage = begun()
    claiming = replace(FIRST, call_id="claims", caller="<sip:0699999999@x>")
    stage.hears(claiming.invite(FROM_A), source=OTHER, to=PBX)
    assert leg(stage, LEG, FROM_A) == ["tied media"]
    assert stage.last(LegTied).main == next(iter(stage.tracker.dialogs))


def test_a_chain_of_boxes_is_one_talk() -> None:
    stage = begun()
    assert leg(stage) == ["tied number"]
    further = replace(LEG, call_id="further", caller_tag="c3", called="<sip:201@x>")
    assert leg(stage, further, sdp("192.0.2.20", 9000), source=PHONE, to=OTHER) == ["tied number"]
    one, two = stage.all(LegTied)
    assert (two.main, two.to) == (one.main, one.call)


def test_an_address_announced_later_ties_too() -> None:
    first, second = replace(FIRST, caller=WITHHELD), replace(LEG, caller=WITHHELD)
    stage = begun(first)
    leg(stage, second)
    answer = sdp("192.0.2.20", 9000)
    stage.hears(second.response(200, answer), by=CALLED, source=PHONE, to=PBX)
    assert tied(stage) == []
    stage.hears(first.response(200, answer), by=CALLED, source=PBX, to=TRUNK)
    assert tied(stage) == [("media", False)]


def test_one_line_that_is_never_recorded_silences_every_leg() -> None:
    never = office(capture={})
    never.lines.append(type(never.lines[0])(number="201", record=False))
    stage = Stage(never)
    stage.hears(FIRST.invite(FROM_A), source=TRUNK, to=PBX)
    assert leg(stage) == ["tied number", "exclude", "exclude"]
    words = stage.hears(FIRST.response(200, sdp("192.0.2.5", 10002)), by=CALLED, source=PBX, to=TRUNK)
    assert words == ["answered"], "nothing is watched"
    assert {one.call for one in stage.all(Exclude)} == set(stage.tracker.dialogs)


# Bounds


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    stage = begun(FIRST, FROM_A, session())
    leg(stage)
    stage.ends()
    ties = stage.tracker.ties
    assert (len(ties.groups), ties._known, ties._found, ties._referred) == (0, {}, {}, {})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 9), st.booleans()), max_size=30))
def test_whatever_is_said_every_call_closes_and_nothing_is_kept(said: list[tuple[int, int, int, bool]]) -> None:
    stage = Stage()
    places = (TRUNK, PBX, PHONE, OTHER)
    for number, place, what, turned in said:
        call = replace(FIRST, call_id=f"call{number}")
        by = CALLED if turned else Side.CALLER
        data = {
            0: call.invite(FROM_A), 1: call.response(180), 2: call.response(200, FROM_A), 3: call.request("BYE", by=by, sequence=9),
            4: call.request("REFER", by=by, sequence=5, extra=("Refer-To: <sip:0312345678@x>",)),
            5: call.response(202, to="REFER", sequence=5, by=by.other), 6: call.request("CANCEL", within=False),
            7: call.invite(FROM_A, extra=(f"Replaces: call{place};to-tag=d1;from-tag=c1", session())),
            8: call.request("INVITE", FROM_A, by=by, sequence=6), 9: call.invite("", extra=(f"X-Call-ID: call{place}",)),
        }[what]  # fmt: skip
        stage.hears(data, by=by, source=places[place], to=places[(place + 1) % 4])
    stage.ends()
    closes = stage.all(Close)
    legs = [leg.call for close in closes if close.settles for leg in close.settles.legs]
    mains = [close.settles.call for close in closes if close.settles]
    assert sorted([*legs, *mains]) == sorted(close.call for close in closes)
    ties = stage.tracker.ties
    assert (len(ties.groups), ties._known, ties._found) == (0, {}, {})
