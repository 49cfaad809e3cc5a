"""A calendar that cannot be read is told at its place, and the rest of it is read nevertheless."""

from __future__ import annotations

import pytest

from tests.ivr_flows.made import findings, made, text

NODE = "  hours: {type: calendar, calendar: c, open: there, closed: end}"


@pytest.mark.parametrize(
    "calendar",
    [
        '{open: {mon-fri: "9-18"}}',
        '{open: {someday: "09:00-18:00"}}',
        "{open: {mon: {a: b}}}",
        '{open: {mon: "09:00-18:00"}, closed_dates: ["2027-02-30"]}',
        '{open: {mon: "09:00-18:00"}, open_dates: {"x": "09:00-10:00"}}',
        '{open: {mon: "09:00-18:00"}, open_dates: [x]}',
    ],
)
def test_a_word_that_is_no_time_is_told(calendar: str) -> None:
    found = findings(text(NODE, head=f"  c: {calendar}"))
    assert [one.code for one in found] == ["bad-calendar"]
    assert found[0].place.line == 5


def test_a_calendar_needs_hours_and_a_proper_name() -> None:
    codes = [one.code for one in findings(text(NODE, head="  c: {}\n  'x y': {open: {mon: '9:00-10:00'}}\n  d: words"))]
    assert codes == ["missing-setting", "bad-name", "wrong-form"]


def test_the_rest_of_it_is_read() -> None:
    flow = made(NODE, head='  c: {open: {mon: ["09:00-18:00", "x"]}, switch: night}')
    assert len(flow.calendars["c"].week[0]) == 1
    assert flow.calendars["c"].switch == "night"
