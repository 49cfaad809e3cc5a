"""Office hours: the week, lunch breaks, past midnight, holidays, dates over New Year, opened dates, and the switch by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.calendars import DAYS, Calendar, Verdict, decide, read_dates, read_days, read_span
from ivr_flows.holidays import SHIPPED
from tests.ivr_flows.made import made


def calendar(text: str) -> Calendar:
    flow = made("  hours: {type: calendar, calendar: c, open: there, closed: end}", head=f"  c: {text}")
    return flow.calendars["c"]


def ask(office: Calendar, at: str, switch: str = "") -> Verdict:
    return decide(office, datetime.fromisoformat(at), SHIPPED, switch)


def test_a_week_with_a_lunch_break() -> None:
    office = calendar('{open: {mon-fri: ["09:00-12:00", "13:00-18:00"], sat: "10:00-12:00"}}')
    found = {at: ask(office, f"2027-01-{at}").open for at in (
        "06 08:59", "06 09:00", "06 11:59", "06 12:00", "06 13:00", "06 17:59", "06 18:00", "09 10:00", "09 13:00", "10 10:00",
    )}  # fmt: skip
    assert list(found.values()) == [False, True, True, False, True, True, False, True, False, False]


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    office = calendar('{open: {fri: "22:00-02:00"}, closed_dates: ["2027-01-15"]}')
    assert ask(office, "2027-01-08 23:00").open
    assert ask(office, "2027-01-09 01:59").open
    assert not ask(office, "2027-01-09 02:00").open
    assert not ask(office, "2027-01-08 01:00").open
    assert not ask(office, "2027-01-16 01:00").open


def test_a_span_of_dates_reaches_over_new_year_each_year() -> None:
    office = calendar('{open: {daily: "0:00-24:00"}, closed_dates: ["12-29..01-03"]}')
    for day, is_open in (("12-28", True), ("12-29", False), ("12-31", False), ("01-01", False), ("01-03", False), ("01-04", True)):
        assert ask(office, f"2030-{day} 12:00").open is is_open
    assert ask(office, "2030-12-31 12:00").what == "12-29..01-03"


def test_holidays_are_closed_and_named() -> None:
    office = calendar('{open: {daily: "09:00-18:00"}, closed_dates: [jp-holidays]}')
    verdict = ask(office, "2027-03-22 10:00")
    assert (verdict.open, verdict.holiday, verdict.why, verdict.what) == (False, True, "holiday", "休日")
    assert ask(office, "2027-03-23 10:00").open


def test_holidays_may_have_hours_of_their_own() -> None:
    office = calendar('{open: {mon-fri: "09:00-18:00", holiday: "10:00-12:00"}}')
    assert ask(office, "2027-01-11 11:00").open
    assert not ask(office, "2027-01-11 13:00").open


def test_an_opened_date_wins_over_a_holiday_and_a_closed_date() -> None:
    office = calendar('{open: {mon-fri: "09:00-18:00"}, closed_dates: [jp-holidays, "2027-05-01..2027-05-05"], '
                      'open_dates: {"2027-05-03": "10:00-12:00"}}')  # fmt: skip
    assert ask(office, "2027-05-03 11:00").why == "opened-date"
    assert not ask(office, "2027-05-03 12:00").open
    assert not ask(office, "2027-05-04 11:00").open


def test_an_opened_date_without_hours_has_those_of_its_weekday_or_of_the_week() -> None:
    office = calendar('{open: {mon-fri: "09:00-18:00"}, closed_dates: [jp-holidays], open_dates: ["2027-01-11", "2027-01-10"]}')
    assert ask(office, "2027-01-11 17:00").open
    assert ask(office, "2027-01-10 17:00").open


@pytest.mark.parametrize(("position", "is_open"), [("open", True), ("closed", False), ("on", False), ("1", False)])
def test_the_switch_wins_over_everything(position: str, is_open: bool) -> None:
    office = calendar('{open: {mon-fri: "09:00-18:00"}, switch: night}')
    for at in ("2027-01-06 10:00", "2027-01-06 20:00"):
        assert ask(office, at, position).open is is_open
    assert ask(office, "2027-01-06 10:00", "auto").open
    assert not ask(office, "2027-01-06 20:00", "off").open


def test_days_are_written_as_people_write_them() -> None:
    assert read_days("mon-fri") == (0, 1, 2, 3, 4)
    assert read_days("sat-mon") == (5, 6, 0)
    assert read_days("mon, wed,fri") == (0, 2, 4)
    assert read_days("DAILY") == tuple(range(7))


def test_hours_may_stand_in_one_text_and_dates_have_slashes() -> None:
    office = calendar('{open: {mon-fri: "09:00-12:00, 13:00-18:00"}, closed_dates: ["2027/1/7", "8/11..8/16"]}')
    found = [ask(office, f"2027-{at}").open for at in ("01-06 11:00", "01-06 12:30", "01-06 14:00", "01-07 11:00", "08-12 11:00")]
    assert found == [True, False, True, False, False]


@pytest.mark.parametrize("text", ["", "someday", "mon-", "mon..fri", "月"])
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_days(text)


@pytest.mark.parametrize("text", ["9-18", "25:00-26:00", "09:00", "09:00-09:00", "09:60-10:00", "24:00-25:00", "09:00-18:00x"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_span(text)


@pytest.mark.parametrize("text", ["2027-02-29", "13-01", "2027-01-02..2027-01-01", "2027-01-01..01-03", "jan 1", ""])
def test_what_are_no_dates_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_dates(text)


@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 30)))
def test_a_yearly_span_and_its_complement_divide_the_year(moment: datetime) -> None:
    one, other = read_dates("12-29..01-03"), read_dates("01-04..12-28")
    assert one.has(moment.date()) is not other.has(moment.date())


@given(st.dates(min_value=datetime(2025, 1, 2).date(), max_value=datetime(2027, 12, 20).date()), st.integers(1, 1439))
def test_open_hours_last_as_long_as_they_say(day: date, length: int) -> None:
    end = f"{(600 + length) % 1440 // 60:02}:{(600 + length) % 60:02}"
    office = calendar(f'{{open: {{{DAYS[day.weekday()]}: "10:00-{end}"}}}}')
    begin = datetime.combine(day, time())
    asked = {
        minute: decide(office, begin + timedelta(minutes=minute), SHIPPED).open for minute in (599, 600, 599 + length, 600 + length)
    }
    assert list(asked.values()) == ([False, True, False] if length == 1 else [False, True, True, False])
