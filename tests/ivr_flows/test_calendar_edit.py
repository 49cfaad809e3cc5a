"""A date of its own goes into a flow's text in the style in which it is written, and every other letter stays."""

from __future__ import annotations

from datetime import date

import pytest

from ivr_flows import calendar_edit
from ivr_flows.calendars import hours_of
from ivr_flows.holidays import SHIPPED
from tests.ivr_flows.made import TAIL, WHOLE, read

INLINE = '{open: {mon-fri: "09:00-18:00"}}'
BRACKETS = '\n    open: {mon-fri: "09:00-18:00"}\n    closed_dates: [jp-holidays]\n    open_dates: {"2027-05-01": "10:00-15:00"}'
DASHES = """
    closed_dates:
      - jp-holidays
      - "12-29..01-03"  # New Year
    open_dates:
      "2027-05-01": "10:00-15:00"
    open: {mon-fri: "09:00-18:00"}"""


def flow(calendar: str) -> str:
    return f"flow: made\nfallback: group:front\ncalendars:\n  office: {calendar}\nnodes:{TAIL}"


def told(text: str, day: date) -> tuple[str, int]:
    spans, why, _ = hours_of(read(text.encode()).calendars["office"], day, SHIPPED)
    return why, len(spans)


@pytest.mark.parametrize("calendar", [INLINE, BRACKETS, DASHES])
def test_a_day_is_closed_opened_and_given_back(calendar: str) -> None:
    text, day = flow(calendar), date(2027, 5, 6)
    assert told(text, day) == ("week", 1)
    closed = calendar_edit.close(text, "office", "2027-05-06")
    assert told(closed, day) == ("closed", 0)
    opened = calendar_edit.open_on(closed, "office", "2027-05-06", "10:00-12:00,13:00-15:00")
    assert told(opened, day) == ("opened", 2)
    again = calendar_edit.without(opened, "office", "2027-05-06")
    assert told(again, day) == ("week", 1)
    assert set(text.splitlines()) - set(again.splitlines()) <= {line for line in text.splitlines() if "office: {" in line}


def test_the_offices_flow_keeps_its_words() -> None:
    text = WHOLE.read_text("utf-8")
    fresh = calendar_edit.close(text, "office", "2027-08-11..2027-08-16")
    assert fresh == text.replace("closed_dates: [", 'closed_dates: ["2027-08-11..2027-08-16", ')
    assert calendar_edit.without(fresh, "office", "2027-08-11..2027-08-16") == text
    assert '"2027-05-01"' not in calendar_edit.close(text, "office", "2027-05-01").split("open_dates")[1].split("\n")[0]


@pytest.mark.parametrize("text", ["x: [", "a: b", flow("{open: {}, closed_dates: jp-holidays}")])
def test_what_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(calendar_edit.EditError):
        calendar_edit.close(text, "office", "2027-05-06")
