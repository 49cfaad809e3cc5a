"""Reads the calendars of a flow file. Pure.

office: {open: {mon-fri: ["09:00-12:00", "13:00-18:00"], holiday: "10:00-12:00"}, closed_dates: [jp-holidays, "12-29..01-03"],
         open_dates: {"2027-05-01": "10:00-15:00"}, switch: night}
"""

from __future__ import annotations

from dataclasses import replace

from ivr_flows.calendars import HOLIDAYS, Calendar, Dates, Span, read_dates, read_days, read_span
from ivr_flows.findings import Notes
from ivr_flows.reading import NAME, Reading
from ivr_flows.tree import Items, Table, Text, Tree

_HOURS, _DAYS, _DATES = '"09:00-18:00"', "mon-fri, sat, daily", f'{HOLIDAYS}, "12-29..01-03", "2027-05-06"'
Week = tuple[tuple[Span, ...], ...]


def read_calendars(entries: tuple[tuple[Text, Tree], ...], notes: Notes, language: str) -> dict[str, Calendar]:
    """Every calendar by its name."""
    found = {}
    for key, value in entries:
        if not NAME.match(key.value):
            notes.add("bad-name", key.place, given=key.value)
        elif not isinstance(value, Table):
            notes.add("wrong-form", value.place, name=key.value, wanted=f"{key.value}: {{open: {{mon-fri: {_HOURS}}}}}")
        else:
            found[key.value] = _calendar(key, Reading(value, notes, f"calendars.{key.value}", language))
    return found


def _calendar(key: Text, reading: Reading) -> Calendar:
    week, holiday_hours = _week(key.value, reading)
    closed, holidays = _closed(key.value, reading)
    opened = _opened(key.value, reading)
    switch = reading.word("switch")
    reading.finish()
    return Calendar(key.value, week, closed, opened, holidays or bool(holiday_hours), holiday_hours, switch, key.place)


def _week(name: str, reading: Reading) -> tuple[Week, tuple[Span, ...]]:
    week: list[tuple[Span, ...]] = [()] * 7
    holiday: tuple[Span, ...] = ()
    for key, value in reading.entries("open", required=True):
        spans = _spans(name, value, reading)
        if key.value == "holiday":
            holiday = spans
            continue
        for days in reading.each([key], read_days, "bad-calendar", _DAYS, calendar=name):
            for day in days:
                week[day] = spans
    return tuple(week), holiday


def _spans(name: str, tree: Tree, reading: Reading) -> tuple[Span, ...]:
    items = tree.values if isinstance(tree, Items) else (tree,)
    texts = [replace(item, value=part) for item in items if isinstance(item, Text) for part in item.value.split(",")]
    if not all(isinstance(item, Text) for item in items):
        reading.notes.add("bad-calendar", tree.place, calendar=name, given="open", wanted=_HOURS)
    return tuple(reading.each(texts, read_span, "bad-calendar", _HOURS, calendar=name))


def _closed(name: str, reading: Reading) -> tuple[tuple[Dates, ...], bool]:
    texts = reading.texts("closed_dates")
    named = [text for text in texts if text.value != HOLIDAYS]
    return tuple(reading.each(named, read_dates, "bad-calendar", _DATES, calendar=name)), len(named) < len(texts)


def _opened(name: str, reading: Reading) -> tuple[tuple[Dates, tuple[Span, ...] | None], ...]:
    tree = reading.take("open_dates")
    if tree is None:
        return ()
    if isinstance(tree, Table):
        found = []
        for key, value in tree.entries:
            spans = _spans(name, value, reading)
            found += [(dates, spans) for dates in reading.each([key], read_dates, "bad-calendar", _DATES, calendar=name)]
        return tuple(found)
    texts = [item for item in (tree.values if isinstance(tree, Items) else (tree,)) if isinstance(item, Text)]
    return tuple((dates, None) for dates in reading.each(texts, read_dates, "bad-calendar", _DATES, calendar=name))
