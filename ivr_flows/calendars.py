"""When an office is open: weekly hours, holidays, dates of its own, and a switch by hand that wins over all. Pure.

A day's hours may run past midnight (22:00-02:00); what is said of a date is said of the day on which they begin. An opened date wins over
a closed one, a closed one over the week.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ivr_flows.holidays import Holidays
from ivr_flows.tree import TOP, Place

HOLIDAYS = "jp-holidays"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]?\d|2[0-3]):([0-5]\d)|(24):(00))\Z")
_DATE = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})\Z")
_MINUTES = 24 * 60
OPEN, CLOSED, AUTO = ("open",), ("closed", "on", "1"), ("auto", "off", "0", "")
"""Positions of a switch by hand, in the flow's words and in those of the dialplan, where it is on at night."""


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of a day in minutes from its midnight; `end` may lie in the next day."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Dates:
    """A date or a span of dates, both included; of every year where `yearly` (and then over New Year too)."""

    begin: date
    end: date
    yearly: bool
    text: str

    def has(self, day: date) -> bool:
        """Whether this day is among them."""
        if not self.yearly:
            return self.begin <= day <= self.end
        first, last, this = ((one.month, one.day) for one in (self.begin, self.end, day))
        return first <= this <= last if first <= last else this >= first or this <= last


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hours of one office."""

    name: str
    week: tuple[tuple[Span, ...], ...]
    closed: tuple[Dates, ...] = ()
    opened: tuple[tuple[Dates, tuple[Span, ...] | None], ...] = ()
    """Dates that are open nevertheless, with hours of their own; None are those of the first open weekday."""
    holidays: bool = False
    holiday_hours: tuple[Span, ...] = ()
    switch: str = ""
    """The day/night switch that wins over all of it."""
    place: Place = TOP


@dataclass(frozen=True, slots=True)
class Verdict:
    """Open or not, and by what: a reason's code, and the words it needs."""

    open: bool
    holiday: bool
    why: str
    what: str = ""


def decide(calendar: Calendar, moment: datetime, holidays: Holidays, switch: str = "") -> Verdict:
    """Whether the office is open at this moment of its own wall clock."""
    if calendar.switch and switch not in AUTO:
        is_open = switch in OPEN
        return Verdict(is_open, False, "switch-open" if is_open else "switch-closed", calendar.switch)
    minute = moment.hour * 60 + moment.minute
    today = moment.date()
    spans, why, what = hours_of(calendar, today, holidays)
    if _within(spans, minute):
        return Verdict(True, why == "holiday", "opened-date" if why == "opened" else "hours", what)
    before, why_before, what_before = hours_of(calendar, today - timedelta(days=1), holidays)
    if _within(before, minute + _MINUTES):
        return Verdict(True, False, "opened-date" if why_before == "opened" else "hours", what_before)
    if why in ("holiday", "closed"):
        return Verdict(False, why == "holiday", f"{why}-date" if why == "closed" else why, what)
    return Verdict(False, False, "outside-hours" if spans else "no-hours", what)


def _within(spans: tuple[Span, ...], minute: int) -> bool:
    return any(span.begin <= minute < span.end for span in spans)


def hours_of(calendar: Calendar, day: date, holidays: Holidays) -> tuple[tuple[Span, ...], str, str]:
    """The hours that begin on this day, by what, and its words."""
    weekday = DAYS[day.weekday()]
    for dates, spans in calendar.opened:
        if dates.has(day):
            usual = next((hours for hours in (calendar.week[day.weekday()], *calendar.week) if hours), (Span(0, _MINUTES),))
            return (usual if spans is None else spans), "opened", dates.text
    name = holidays.name(day) if calendar.holidays else None
    for dates in calendar.closed:
        if dates.has(day):
            return (), "closed" if name is None else "holiday", dates.text if name is None else f"{name}, {dates.text}"
    if name is not None:
        return calendar.holiday_hours, "holiday", name
    return calendar.week[day.weekday()], "week", weekday


def read_span(text: str) -> Span:
    """09:00-18:00, 22:00-02:00 or 0:00-24:00. Raises ValueError."""
    found = _SPAN.match(text.strip())
    if not found:
        raise ValueError(text)
    begin = int(found[1]) * 60 + int(found[2])
    end = int(found[3] or found[5]) * 60 + int(found[4] or found[6])
    if end == begin:
        raise ValueError(text)
    return Span(begin, end if end > begin else end + _MINUTES)


def read_days(text: str) -> tuple[int, ...]:
    """mon, mon-fri, fri-mon, `mon,wed`, or `daily`: numbers of weekdays, Monday is 0. Raises ValueError."""
    if text.strip().lower() == "daily":
        return tuple(range(7))
    found: list[int] = []
    for item in text.lower().split(","):
        first, dash, last = (word.strip() for word in item.partition("-"))
        begin = DAYS.index(first)
        end = DAYS.index(last) if dash else begin
        found += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return tuple(dict.fromkeys(found))


def read_dates(text: str) -> Dates:
    """2027-05-06, 12-31, 2027-08-11..2027-08-16, 12-29..01-03. Raises ValueError."""
    words = text.strip().replace("/", "-")
    first, dots, last = (word.strip() for word in words.partition(".."))
    begin, yearly = _date(first)
    end, yearly_too = _date(last) if dots else (begin, yearly)
    if yearly != yearly_too or (not yearly and end < begin):
        raise ValueError(text)
    return Dates(begin, end, yearly, words)


def _date(text: str) -> tuple[date, bool]:
    found = _DATE.match(text)
    if not found:
        raise ValueError(text)
    return date(int(found[1] or 2000), int(found[2]), int(found[3])), found[1] is None
