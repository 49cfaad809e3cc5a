"""The card that a ringing call shows: who, on which line, which way. Pure; the pages translate and lay it out."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.calls import Call
from appliance.config import Config
from appliance.customers.entry import Customer
from appliance.numbers import pretty
from appliance.popups.known import Answer
from appliance.popups.links import filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One call as operators see it."""

    call: str
    state: str
    """`ringing`, `answered` or `ended`."""
    direction: str
    number: str
    """The other party's number as the customer book has it; "" where none is shown."""
    other: str
    """The same as people write it."""
    name: str
    reason: str
    """Why no number is shown (`anonymous`, `payphone` …), "" where one is."""
    line: str
    """The site's line by name, by number where it has none."""
    started_at: int
    answered_at: int | None
    ended_at: int | None
    end_reason: str
    recording: str | None
    not_recorded: str | None
    paused: bool = False
    """Whether its recording is paused now."""
    people: tuple[Customer, ...] = ()
    """Everybody who has this number."""
    found: tuple[Answer, ...] = ()
    """What the office's own systems said of the number."""
    crm: str = ""
    """Where the office's own system shows them; "" where it does not."""

    @property
    def mark(self) -> str:
        """`blocked` or `important` where somebody behind the number is, else ""."""
        if any(person.blocked for person in self.people):
            return "blocked"
        return "important" if any(person.important for person in self.people) else ""

    @property
    def title(self) -> str:
        """Whom a notification names, "" where nothing is known."""
        known = (*(person.title for person in self.people), *(answer.found.title for answer in self.found), self.name)
        return next(filter(None, known), "") or self.other


def other_party(call: Call) -> tuple[str, str | None]:
    """The other party's number (national form) and its E.164 form."""
    return (call.called, call.called_e164) if call.direction == "outbound" else (call.caller, call.caller_e164)


def card(
    call: Call, config: Config, *, paused: bool = False, people: tuple[Customer, ...] = (), found: tuple[Answer, ...] = ()
) -> Card:
    """The card of this call."""
    outward = call.direction == "outbound"
    number, e164 = other_party(call)
    ours, ours_e164 = (call.caller, call.caller_e164) if outward else (call.called, call.called_e164)
    first = people[0] if people else Customer()
    values = {"number": number, "e164": e164 or "", "code": first.code, "name": first.name}
    return Card(
        call=call.id,
        state=state_of(call),
        direction=call.direction,
        number=number,
        other=pretty(number, e164),
        name="" if outward else name_beside(call.caller_name, number),
        reason="" if outward else (call.caller_reason or ""),
        line=line_name(call.line, config) or pretty(ours, ours_e164),
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        end_reason=call.end_reason or "",
        recording=call.recording,
        not_recorded=call.not_recorded,
        paused=paused and call.ended_at is None,
        people=people,
        found=found,
        crm=filled(config.popup.crm_url, values) if number else "",
    )


def state_of(call: Call) -> str:
    """`ringing`, `answered` or `ended`."""
    if call.ended_at is not None:
        return "ended"
    return "ringing" if call.answered_at is None else "answered"


def line_name(line: str | None, config: Config) -> str:
    """What people call this line; "" where it has no name."""
    if line is None:
        return ""
    found = config.line(line)
    return found.name if found is not None else ""


def name_beside(name: str, number: str) -> str:
    """A display name worth showing: not one that only repeats the number."""
    digits = "".join(letter for letter in name if letter.isdigit())
    return "" if name.strip(" +-()0123456789") == "" and digits.lstrip("0") in number else name
