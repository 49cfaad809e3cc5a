"""What the API takes and gives, as types from which its description is made. Times are ISO 8601 with offset, lengths seconds.

A call and its recording have the names that `appliance calls --json` gives them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CALL = r"^[a-z2-7]{16}$"
CUSTOMER = r"^[0-9a-f]{16}$"
Direction = Literal["inbound", "outbound", "internal", "unknown"]


class Given(BaseModel):
    """What the API gives."""


class Taken(BaseModel):
    """What the API takes: nothing else than it names, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(Given):
    """An error (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str


class Note(Given):
    """What people said of a call."""

    taken_by: str
    memo: str
    memo_by: str
    follow_up: Literal["", "open", "done"]


class NewNote(Taken):
    """A memo; left out, it stays as it is."""

    memo: str | None = Field(default=None, max_length=4000)
    follow_up: Literal["", "open", "done"] = ""


class Recording(Given):
    """The recording of a call."""

    id: str
    started_at: datetime
    duration: float
    format: str
    channels: int
    sample_rate: int
    codecs: list[str]
    packets: int
    lost: int
    late: int
    one_sided: bool
    cut: bool
    bytes: int
    sha256: str
    plain_sha256: str
    sequence: int
    chain: str
    store: str | None
    stored_at: datetime | None
    held: bool
    local: bool


class Call(Given):
    """One call and what became of it."""

    call: str
    caller: str | None
    caller_name: str | None
    caller_reason: str | None
    caller_e164: str | None
    caller_raw: str | None
    called: str | None
    called_e164: str | None
    called_raw: str | None
    line: str | None
    direction: Direction
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    sip_status: int | None
    duration: float
    main: str | None
    tied_by: str | None
    recorded: bool
    not_recorded_reason: str | None
    not_recorded_detail: str | None
    recording: Recording | None
    note: Note
    labels: list[str]


class Calls(Given):
    """One page of calls, the newest first."""

    calls: list[Call]
    next: str | None
    """`before` of the next page; null where this is the last."""


class Mark(Given):
    """A mark at a second of a recording."""

    id: str
    seconds: float
    note: str
    who: str


class NewMark(Taken):
    """A mark to be set."""

    seconds: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)
    note: str = Field(default="", max_length=500)


class NewPause(Taken):
    """Why the recording is paused or resumed; it stands in the register."""

    why: str = Field(default="", max_length=200)


class Pause(Given):
    """When the recording was paused or resumed."""

    call: str
    paused: bool
    at: datetime | None
    until: datetime | None
    """When a pause ends by itself."""


class NewCustomer(Taken):
    """A customer as it shall be; one of name, kana, company and code is needed."""

    name: str = Field(default="", max_length=200)
    kana: str = Field(default="", max_length=200)
    company: str = Field(default="", max_length=200)
    code: str = Field(default="", max_length=200)
    memo: str = Field(default="", max_length=4000)
    important: bool = False
    blocked: bool = False
    labels: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=20)
    numbers: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=20)


class Customer(Given):
    """One entry of the customer book."""

    id: str
    name: str
    kana: str
    company: str
    code: str
    memo: str
    important: bool
    blocked: bool
    labels: list[str]
    numbers: list[str]
    updated_at: datetime


class Customers(Given):
    """One page of customers, by kana."""

    customers: list[Customer]
    next: int | None
    """`page` of the next page; null where this is the last."""


class Person(Given):
    """Who is behind the number of a call under way."""

    id: str
    title: str
    company: str
    important: bool
    blocked: bool


class Card(Given):
    """A call under way as an operator sees it."""

    call: str
    state: Literal["ringing", "answered", "ended"]
    direction: Direction
    number: str
    name: str
    reason: str
    line: str
    started_at: datetime
    answered_at: datetime | None
    paused: bool
    people: list[Person]


class Live(Given):
    """Every call under way."""

    calls: list[Card]


class Figures(Given):
    """Calls in figures."""

    seen: int
    recorded: int
    not_recorded: int
    open: int
    unsettled: int


class Kept(Given):
    """Recordings in figures."""

    count: int
    stored: int
    bytes: int


class Job(Given):
    """Work that waits."""

    kind: str
    state: str
    count: int


class Service(Given):
    """What a service last said of itself."""

    service: str
    state: str
    at: datetime
    age: float
    detail: dict[str, Any]


class Finding(Given):
    """What a check found, and how to mend it."""

    check: str
    severity: Literal["error", "warning", "notice"]
    what: str
    mend: str


class Health(Given):
    """How the box is."""

    healthy: bool
    """Whether no check found an error."""
    findings: list[Finding]
    calls: Figures
    recordings: Kept
    jobs: list[Job]
    services: list[Service]


class Day(Given):
    """One day at the site: calls seen against calls recorded and stored."""

    date: str
    seen: int
    recorded: int
    not_recorded: dict[str, int]
    under_way: int
    being_made: int
    stored: int
    waiting: int
    parked: int
    erased: int
    held: int
    lost: int


class Gap(Given):
    """Something that does not add up."""

    date: str
    what: str
    why: str


class Completeness(Given):
    """Every call has a recording or a reason, or is a gap."""

    complete: bool
    checkpoint: str | None
    days: list[Day]
    gaps: list[Gap]


class Token(Given):
    """What the token that asks may do."""

    name: str
    rights: list[str]
    lines: list[str]
    groups: list[str]
