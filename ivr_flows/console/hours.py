"""Opening hours in the console: a year with Japan's holidays, each day open or closed and why, and dates of one's own.

A date of one's own is a word in the flow's text (`closed_dates`, `open_dates`): the page writes it into the draft and shows what would be
published. The holidays are the table that `appliance ivr holidays` takes in.
"""

from __future__ import annotations

import calendar as months
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from appliance.errors import SaidError
from appliance.moments import SECOND, to_datetime
from appliance.pages import Answer, Moved, Page, Sheet, Visit, speaking
from ivr_flows import calendar_edit, drafts, surroundings
from ivr_flows.calendars import Calendar, Span, hours_of, read_span
from ivr_flows.console import flow_view, flows
from ivr_flows.console.words import WORDS
from ivr_flows.drafts import Draft
from ivr_flows.holidays import LARGEST, Holidays
from ivr_flows.keeping import take_holidays

HERE = Path(__file__).parent
FRESH = 90 * SECOND
"""A heartbeat that is older says nothing of now."""


class Day(NamedTuple):
    """One day of the year."""

    day: date
    kind: str
    """open, closed or holiday; opened or shut by a date of its own."""
    hours: str
    what: str
    """The holiday's name, or the dates that the calendar names."""


class Office(NamedTuple):
    """A calendar of a flow."""

    flow: str
    calendar: Calendar
    is_draft: bool

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"{self.flow}/{self.calendar.name}"


def pages() -> tuple[Page, ...]:
    """What stands below /phone/hours."""
    return (
        Page("phone-hours", "/phone/hours", ("phone",), page),
        Page("phone-hours-change", "/phone/hours", ("phone",), change, "POST"),
        Page("phone-holidays", "/phone/holidays", ("phone",), bring, "POST", 2 * LARGEST),
    )


def offices(visit: Visit) -> Iterator[Office]:
    """Every calendar of every flow, as its draft says where it has one."""
    for row in flows.rows(visit):
        text = row.draft.text if row.draft else flow_view.live_text(visit.box, row.flow)
        flow = flow_view.look(visit.box, row.flow, text).flow
        for one in flow.calendars.values() if flow else ():
            yield Office(row.flow, one, row.draft is not None)


def year_of(calendar: Calendar, year: int, holidays: Holidays) -> list[list[list[Day | None]]]:
    """The months of a year as weeks from Monday; None pads."""
    return [
        [[_day(calendar, date(year, month, number), holidays) if number else None for number in week] for week in weeks]
        for month, weeks in ((month, months.monthcalendar(year, month)) for month in range(1, 13))
    ]


def _day(calendar: Calendar, day: date, holidays: Holidays) -> Day:
    spans, why, what = hours_of(calendar, day, holidays)
    name = holidays.name(day) or ""
    if why == "opened":
        kind = "opened open"
    elif why == "closed" or (why == "holiday" and what != name):
        kind = "shut closed"
    else:
        kind = "open" if spans else "holiday" if name else "closed"
    told = what if why in ("opened", "closed") else name
    return Day(day, kind, " ".join(_told(span) for span in spans), told)


def _told(span: Span) -> str:
    return f"{span.begin // 60}:{span.begin % 60:02}–{span.end // 60 % 24}:{span.end % 60:02}"


def page(visit: Visit) -> Answer:
    """The year of one calendar."""
    today = to_datetime(visit.now, visit.box.config.site.zone).date()
    known = list(offices(visit))
    chosen = next((one for one in known if one.key == visit.query.get("calendar")), known[0] if known else None)
    asked = visit.query.get("year", "")
    year = int(asked) if re.fullmatch(r"20\d\d", asked) else today.year
    table = surroundings.table(visit.box)
    return Sheet(
        HERE / "hours.html",
        {
            "t": speaking(WORDS, visit.language), "offices": known, "chosen": chosen, "year": year, "today": today,
            "months": year_of(chosen.calendar, year, table) if chosen else [], "until": table.until,
            "switches": visit.box.config.phone.switches, "standing": _standing(visit), "asked": defaultdict(str, visit.query),
            "days": ["月", "火", "水", "木", "金", "土", "日"] if visit.language == "ja" else ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"],
        },
    )  # fmt: skip


def _standing(visit: Visit) -> Mapping[str, object] | None:
    """The switches that are on, as the flows' service last told; None where it has not for long."""
    beat = next((one for one in visit.ledger.heartbeats() if one.service == "ivr"), None)
    told = beat.detail.get("switches") if beat is not None and visit.now - beat.at < FRESH else None
    return told if isinstance(told, Mapping) else None


def change(visit: Visit) -> Answer:
    """A date of one's own goes into the draft; what would be published is shown."""
    t, form = speaking(WORDS, visit.language), visit.form
    chosen = next((one for one in offices(visit) if one.key == form.get("calendar")), None)
    if chosen is None:
        raise SaidError(t("There is no such calendar."))
    data = visit.box.folders.data
    draft = drafts.read(data, chosen.flow)
    text = draft.text if draft else flow_view.live_text(visit.box, chosen.flow)
    dates = _dates(form.get("first", ""), form.get("last", ""))
    if not dates:
        raise SaidError(t("This is no date."))
    try:
        fresh = _changed(text, chosen.calendar.name, dates, form.get("do", ""), form.get("hours", ""))
    except calendar_edit.EditError as error:
        raise SaidError(t("This calendar is written in a way that is better changed by hand; open the flow.")) from error
    except ValueError as error:
        raise SaidError(t("These are no hours; write them like 10:00-15:00.")) from error
    before = flow_view.look(visit.box, chosen.flow, text).errors
    if flow_view.look(visit.box, chosen.flow, fresh).errors > before:
        raise SaidError(t("This calendar is written in a way that is better changed by hand; open the flow."))
    if fresh != text:
        drafts.save(data, chosen.flow, Draft(fresh, visit.account, visit.now), drafts.mark(draft.text) if draft else "")
    return flows.publish(replace(visit, values={"flow": chosen.flow}, form={}))


def _dates(first: str, last: str) -> str:
    """As a calendar writes them; "" for what is no date."""
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return ""
    return "" if end < begin else f"{begin}..{end}" if end > begin else str(begin)


def _changed(text: str, calendar: str, dates: str, do: str, hours: str) -> str:
    if do == "close":
        return calendar_edit.close(text, calendar, dates)
    if do == "open":
        told = ",".join(part.strip() for part in hours.split(","))
        for part in told.split(","):
            read_span(part)
        return calendar_edit.open_on(text, calendar, dates, told)
    return calendar_edit.without(text, calendar, dates)


def bring(visit: Visit) -> Answer:
    """A newer table of holidays."""
    if visit.file is None:
        raise SaidError(speaking(WORDS, visit.language)("Choose a file."))
    take_holidays(visit.box, visit.file.data, visit.file.name, visit.account, "")
    return Moved("/phone/hours")
