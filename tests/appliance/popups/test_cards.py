"""A card names the other party, never ourselves, on the line by its name, and says how far the call is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.calls import Call
from appliance.config import Config, Line
from appliance.popups.cards import Card, card, line_name, name_beside, state_of
from tests.fakes.clock import START

CONFIG = Config(lines=[Line(number="03-1234-5678", name="代表"), Line(number="03-1234-5679"), Line(number="201", name="受付")])
INBOUND = Call(
    id="a" * 16, started_at=START, ringing_at=None, answered_at=None, ended_at=None, end_reason=None, sip_status=None,
    direction="inbound", caller="09012345678", caller_raw="+81-90-1234-5678", caller_e164="+819012345678", caller_name="高橋工務店",
    caller_reason=None, called="0312345678", called_raw="0312345678", called_e164="+81312345678", line="03-1234-5678", via="tap",
    start_seen=True, end_seen=None, recording=None, not_recorded=None, detail=None,
)  # fmt: skip
NUMBERS = st.sampled_from(["", "0312345678", "09012345678", "201", "+16502530000", "alice"])


def shown(**changes: Any) -> Card:
    return card(replace(INBOUND, **changes), CONFIG)


def test_an_inbound_call_shows_the_caller_and_the_line_that_rings() -> None:
    found = shown()
    assert (found.other, found.name, found.reason, found.line) == ("090-1234-5678", "高橋工務店", "", "代表")


def test_an_outbound_call_shows_who_is_called_from_which_line() -> None:
    found = shown(
        direction="outbound", caller="0312345678", caller_e164="+81312345678", called="0661234567", called_e164="+81661234567",
        caller_name="受付",
    )  # fmt: skip
    assert (found.other, found.line) == ("06-6123-4567", "代表")
    assert found.name == found.reason == "", "our own name says nothing of the other party"


def test_an_internal_call_shows_the_colleague() -> None:
    found = shown(
        direction="internal", caller="202", caller_e164=None, caller_name="佐藤", called="201", called_e164=None, line="201"
    )
    assert (found.other, found.name, found.line) == ("202", "佐藤", "受付")


@pytest.mark.parametrize("reason", ["anonymous", "payphone", "unavailable", "interaction"])
def test_a_withheld_number_shows_its_reason_and_no_number(reason: str) -> None:
    found = shown(caller="", caller_e164=None, caller_name="", caller_reason=reason)
    assert (found.reason, found.other, found.name) == (reason, "", "")


@pytest.mark.parametrize(
    ("line", "called", "called_e164", "name"),
    [
        ("03-1234-5678", "0312345678", "+81312345678", "代表"),
        ("03-1234-5679", "0312345679", "+81312345679", "03-1234-5679"),
        (None, "0398765432", "+81398765432", "03-9876-5432"),
        (None, "301", None, "301"),
        ("03-0000-0000", "0300000000", None, "0300000000"),
    ],
)
def test_a_line_is_called_by_its_name_else_by_its_number(line: str | None, called: str, called_e164: str | None, name: str) -> None:
    assert shown(line=line, called=called, called_e164=called_e164).line == name


def test_a_line_is_found_however_it_is_written() -> None:
    assert line_name("0312345678", CONFIG) == line_name("+81 3 1234 5678", CONFIG) == line_name("０３-1234-5678", CONFIG) == "代表"
    assert line_name(None, CONFIG) == line_name("0399999999", CONFIG) == line_name("", CONFIG) == ""


@pytest.mark.parametrize(
    ("answered", "ended", "state"),
    [(None, None, "ringing"), (1, None, "answered"), (1, 2, "ended"), (None, 2, "ended"), (0, None, "answered")],
)
def test_the_state_is_how_far_the_call_is(answered: int | None, ended: int | None, state: str) -> None:
    call = replace(INBOUND, answered_at=answered, ended_at=ended)
    assert state_of(call) == card(call, CONFIG).state == state


@pytest.mark.parametrize(
    ("name", "number", "beside"),
    [
        ("高橋", "09012345678", "高橋"),
        ("09012345678", "09012345678", ""),
        ("090-1234-5678", "09012345678", ""),
        ("(090) 1234 5678", "09012345678", ""),
        ("12345678", "09012345678", ""),
        ("", "09012345678", ""),
        ("0312345678", "09012345678", "0312345678"),
        ("高橋 090-1234-5678", "09012345678", "高橋 090-1234-5678"),
        ("201", "", "201"),
    ],
)
def test_a_name_that_only_repeats_the_number_is_not_shown_twice(name: str, number: str, beside: str) -> None:
    assert name_beside(name, number) == beside


@given(
    st.sampled_from(["inbound", "outbound", "internal", "unknown"]), NUMBERS, NUMBERS, st.text(max_size=20),
    st.sampled_from([None, "anonymous"]), NUMBERS | st.none(),
)  # fmt: skip
def test_any_call_has_a_card_that_never_names_us_as_the_other(
    direction: str, caller: str, called: str, name: str, reason: str | None, line: str | None
) -> None:
    found = shown(
        direction=direction, caller=caller, caller_e164=None, called=called, called_e164=None, caller_name=name, caller_reason=reason,
        line=line,
    )  # fmt: skip
    assert found.other == (called if direction == "outbound" else caller)
    assert found.call == INBOUND.id and found.direction == direction
