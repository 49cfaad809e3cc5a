"""Goes one way in office hours and another outside them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.moments import to_datetime
from ivr_flows.calendars import decide
from ivr_flows.effects import Why
from ivr_flows.inputs import Input
from ivr_flows.model import Use, Way
from ivr_flows.reading import Reading
from ivr_flows.state import Call, Finish, Leave, Move

EXAMPLE = "{type: calendar, calendar: office, open: menu, closed: closed_msg}"


@dataclass(frozen=True, slots=True)
class Options:
    """Which calendar is asked."""

    calendar: str


def read(reading: Reading) -> Options:
    """Exits: open, closed, and holiday where one is named."""
    place = reading.key_place("calendar")
    calendar = reading.word("calendar", required=True)
    if calendar:
        reading.facts.uses.append(Use("calendar", calendar, place))
    reading.exit("open", Way.PASSES)
    reading.exit("closed", Way.PASSES)
    reading.exit("holiday", Way.PASSES, required=False)
    return Options(calendar)


def enter(call: Call, options: Options) -> Move:
    """Decide by the clock on the wall of the site."""
    calendar = call.flow.calendars.get(options.calendar)
    if calendar is None:
        return Leave("closed", Why("broken", (options.calendar,)))
    moment = to_datetime(call.now, call.around.zone)
    verdict = decide(calendar, moment, call.around.holidays, call.around.switches.get(calendar.switch, ""))
    outcome = "open" if verdict.open else "closed"
    if verdict.holiday and not verdict.open and "holiday" in call.node.exits:
        outcome = "holiday"
    return Leave(outcome, Why(verdict.why, (moment.strftime("%Y-%m-%d %H:%M"), verdict.what)))


def react(call: Call, options: Options, given: Input) -> Move:
    """Nothing happens to a call in here."""
    return Finish("fallback", Why("broken", (options.calendar,)))
