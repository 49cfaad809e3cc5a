"""REFER and Replaces tie a leg only when the parties themselves brought it about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.moments import SECOND
from appliance.records import Side
from capture.dialog import LINGER
from capture.effects import Close, Weird
from capture.frames import Address
from capture.kin import REFERRED
from capture.ties import MAX_REFERS
from tests.capture.playbook import CALL, Call, Stage, sdp
from tests.capture.test_ties import CALLED, FIRST, FROM_A, OTHER, PBX, PHONE, TRUNK, WITHHELD, begun, leg, tied


def answered() -> Stage:
    """The trunk has reached the telephone."""
    stage = begun(to=PHONE)
    stage.hears(FIRST.response(200, sdp("192.0.2.20", 6000)), by=CALLED, source=PHONE, to=TRUNK)
    stage.hears(FIRST.request("ACK"), source=TRUNK, to=PHONE)
    return stage


def refer(
    stage: Stage, *extra: str, target: str = "<sip:202@192.0.2.30>", by: Side = CALLED, call: Call = FIRST, status: int = 202,
    source: Address | None = None,
) -> None:  # fmt: skip
    ends = (PHONE, TRUNK) if by is CALLED else (TRUNK, PHONE)
    stage.hears(
        call.request("REFER", by=by, sequence=7, extra=(f"Refer-To: {target}", *extra)), source=source or ends[0], to=ends[1]
    )
    if status:
        stage.hears(call.response(status, to="REFER", sequence=7, by=by.other), source=ends[1], to=ends[0])


ONWARD = replace(CALL, call_id="onward", caller_tag="c4", called="<sip:202@192.0.2.30>", target="sip:202@192.0.2.30")


def onward(stage: Stage, *extra: str, source: Address = TRUNK, **changes: Any) -> list[str]:
    return leg(stage, replace(ONWARD, **changes), sdp("192.0.2.1", 4010), *extra, source=source, to=OTHER)


def test_who_is_referred_elsewhere_goes_on_with_the_same_talk() -> None:
    stage = answered()
    refer(stage)
    assert onward(stage) == ["tied refer"]


def test_the_called_party_who_is_referred_keeps_its_side() -> None:
    stage = answered()
    refer(stage, by=Side.CALLER)
    assert onward(stage, source=PHONE, caller="<sip:0312345678@192.0.2.20>") == ["tied refer swapped"]


@pytest.mark.parametrize(
    "how",
    [{"status": 0}, {"status": 603}, {"source": OTHER}, {"call": replace(FIRST, called_tag="guessed")}],
    ids=["not accepted", "declined", "from elsewhere", "wrong tag"],
)
def test_a_refer_that_is_not_the_partys_or_is_not_accepted_leads_nowhere(how: dict[str, Any]) -> None:
    stage = answered()
    refer(stage, **how)
    assert onward(stage) == []


@pytest.mark.parametrize(
    "how",
    [
        {"source": OTHER},
        {"target": "sip:203@192.0.2.30", "called": "<sip:203@192.0.2.30>"},
        {"caller": "<sip:0699999999@x>"},
        {"caller": WITHHELD},
    ],
    ids=["from elsewhere", "to another target", "another caller", "a caller who shows nothing"],
)
def test_another_invite_is_not_what_was_asked_for(how: dict[str, Any]) -> None:
    stage = answered()
    refer(stage)
    assert onward(stage, **how) == []


def test_referred_by_and_replaces_must_be_those_of_the_refer() -> None:
    by = "Referred-By: <sip:201@192.0.2.20>"
    stage = answered()
    refer(stage, by)
    assert onward(stage, "Referred-By: <sip:999@x>", caller=WITHHELD) == []
    assert onward(stage, by, caller=WITHHELD, call_id="second") == ["tied refer"]
    stage = answered()
    refer(stage, target="<sip:202@192.0.2.30?Replaces=other%3Bto-tag%3Da%3Bfrom-tag%3Db>")
    assert onward(stage) == []
    assert onward(stage, "Replaces: other;to-tag=b;from-tag=a", call_id="second") == []
    assert onward(stage, "Replaces: other;to-tag=a;from-tag=b", call_id="third") == ["tied refer"]


def test_a_refer_is_good_for_one_call_and_a_short_while() -> None:
    stage = answered()
    refer(stage)
    stage.waits(REFERRED / SECOND + 1)
    assert onward(stage) == []
    stage = answered()
    refer(stage)
    assert onward(stage) == ["tied refer"]
    assert onward(stage, call_id="second") == []


def test_a_call_that_was_referred_elsewhere_is_held_open_for_the_next_leg() -> None:
    stage = answered()
    refer(stage)
    stage.hears(FIRST.request("BYE", by=CALLED, sequence=8), source=PHONE, to=TRUNK)
    assert stage.waits(LINGER / SECOND + 5) == []
    assert onward(stage) == ["tied refer"]
    assert "close" in stage.waits(3), "and no longer"
    assert stage.last(Close).settles is None


def test_a_call_referred_elsewhere_that_nobody_follows_ends_after_all() -> None:
    stage = answered()
    refer(stage)
    stage.hears(FIRST.request("BYE", by=CALLED, sequence=8), source=PHONE, to=TRUNK)
    assert stage.waits(REFERRED / SECOND + 2) == ["close"]
    assert stage.last(Close).settles is not None


def takes_over(
    stage: Stage, *, ringing: bool = False, wait: float = 0.0, to: Address = PHONE, value: str = "first;to-tag=d1;from-tag=c1"
) -> None:
    call = replace(ONWARD, called_tag="d9")
    stage.hears(call.invite(sdp("192.0.2.30", 7000), extra=(f"Replaces: {value}",)), source=OTHER, to=to)
    if ringing:
        stage.hears(call.response(180), by=CALLED, source=to, to=OTHER)
    stage.waits(wait)
    stage.hears(call.response(200, sdp("192.0.2.20", 6010)), by=CALLED, source=to, to=OTHER)


def ends(stage: Stage, by: Side = CALLED) -> None:
    pair = (PHONE, TRUNK) if by is CALLED else (TRUNK, PHONE)
    stage.hears(FIRST.request("BYE", by=by, sequence=8), source=pair[0], to=pair[1])


def test_whose_call_is_taken_over_keeps_the_side() -> None:
    stage = answered()
    takes_over(stage)
    assert tied(stage) == []
    ends(stage)
    assert tied(stage) == [("replaces", False)]
    stage = answered()
    takes_over(stage, to=TRUNK, value="first;to-tag=c1;from-tag=d1")
    ends(stage, Side.CALLER)
    assert tied(stage) == [("replaces", True)]


def test_the_answer_may_be_seen_after_the_end() -> None:
    stage = answered()
    stage.hears(ONWARD.invite(sdp("192.0.2.30", 7000), extra=("Replaces: first;to-tag=d1;from-tag=c1",)), source=OTHER, to=PHONE)
    ends(stage)
    assert tied(stage) == []
    stage.hears(ONWARD.response(200, sdp("192.0.2.20", 6010)), by=CALLED, source=PHONE, to=OTHER)
    assert tied(stage) == [("replaces", False)]


@pytest.mark.parametrize(
    "how",
    [
        {"ringing": True},
        {"wait": 3.0},
        {"to": PBX},
        {"value": "first;to-tag=c1;from-tag=d1"},
        {"value": "first;to-tag=d1;from-tag=d1"},
        {"value": "first;to-tag=x;from-tag=c1"},
        {"value": "other;to-tag=d1;from-tag=c1"},
    ],
    ids=["a person answers", "late", "another host", "the other party", "one tag twice", "wrong tag", "another call"],
)
def test_who_names_a_call_without_taking_it_over_is_not_tied(how: dict[str, Any]) -> None:
    stage = answered()
    takes_over(stage, **how)
    ends(stage)
    assert tied(stage) == []


def test_a_call_that_is_ended_by_the_other_party_or_not_at_all_was_not_taken_over() -> None:
    stage = answered()
    takes_over(stage)
    ends(stage, Side.CALLER)
    assert tied(stage) == []
    stage = answered()
    takes_over(stage)
    stage.waits(5)
    ends(stage)
    assert tied(stage) == []


def test_refers_are_bounded_and_counted() -> None:
    stage = Stage()
    for number in range(MAX_REFERS + 3):
        call = replace(FIRST, call_id=f"call{number}")
        stage.hears(call.invite(FROM_A), source=TRUNK, to=PHONE)
        stage.hears(call.response(200, sdp("192.0.2.20", 6000)), by=CALLED, source=PHONE, to=TRUNK)
        refer(stage, call=call)
    assert [weird.name for weird in stage.all(Weird)] == ["refers-many"] * 3
