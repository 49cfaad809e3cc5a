"""Calls seen ↔ recordings ↔ objects, by day: every call that has no recording with its reason, and everything that does not add up.

A call that has a reason is explained. What is not: an ended call with neither recording nor reason nor work to be done on it, a recording
that is nowhere, one parked for a person, a number missing in the chain, fewer recordings than a signed checkpoint counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from appliance import checkpoints, erasure
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, recordings, select_calls
from appliance.moments import SECOND, to_datetime

PARTS = ("erased", "lost", "parked", "stored", "waiting")


@dataclass(slots=True)
class Day:
    """One day at the site."""

    date: str
    seen: int = 0
    recorded: int = 0
    not_recorded: dict[str, int] = field(default_factory=dict)
    """By reason."""
    under_way: int = 0
    being_made: int = 0
    stored: int = 0
    """Recordings whose objects were read back from the store."""
    waiting: int = 0
    parked: int = 0
    erased: int = 0
    held: int = 0
    lost: int = 0


@dataclass(slots=True)
class Gap:
    """Something that does not add up."""

    date: str
    what: str
    why: str


@dataclass(slots=True)
class Report:
    """The whole report."""

    days: list[Day]
    gaps: list[Gap]
    checkpoint: str
    """The newest signed checkpoint that was compared, "" where there is none."""


def report(box: Box, ledger: Ledger, begin: int | None, end: int | None, now: int) -> Report:
    """Reconcile the calls that began in [begin, end), and the chain as a whole."""
    days: dict[str, Day] = {}
    gaps: list[Gap] = []
    last = (1 << 63) - 1
    clause = "WHERE started_at >= ? AND started_at < ? ORDER BY started_at, id"
    for row in ledger.connection.execute(*select_calls(clause, (begin or 0, last if end is None else end))):
        call = read_call(row)
        date = f"{to_datetime(call.started_at, box.config.site.zone):%Y-%m-%d}"
        day = days.setdefault(date, Day(date))
        day.seen += 1
        _enter(box, ledger, call, day, gaps, now)
    gaps += [Gap("", "chain", why) for why in _chain(ledger)]
    newest = checkpoints.latest(ledger)
    return Report(list(days.values()), gaps, newest.file if newest else "")


def _enter(box: Box, ledger: Ledger, call: Call, day: Day, gaps: list[Gap], now: int) -> None:
    recording = get_recording(ledger.connection, call.recording) if call.recording else None
    if call.recording:
        day.recorded += 1
        if recording is None:
            day.lost += 1
            gaps.append(Gap(day.date, f"call {call.id}", f"names recording {call.recording}, which is not in the ledger"))
        else:
            _enter_recording(box, ledger, recording, day, gaps)
    elif call.not_recorded:
        day.not_recorded[call.not_recorded] = day.not_recorded.get(call.not_recorded, 0) + 1
    elif call.ended_at is None:
        day.under_way += 1
    else:
        day.being_made += 1
        limit = box.config.health.backlog_minutes * 60 * SECOND
        job = ledger.connection.execute(
            "SELECT state, last_error FROM job WHERE kind = 'render' AND subject = ?", (call.id,)
        ).fetchone()
        if job is None or job["state"] == "parked" or now - call.ended_at > limit:
            why = "no work on it is queued" if job is None else f"work on it is {job['state']} {job['last_error']}".strip()
            gaps.append(Gap(day.date, f"call {call.id}", f"ended with neither a recording nor a reason; {why}"))


def _enter_recording(box: Box, ledger: Ledger, recording: Recording, day: Day, gaps: list[Gap]) -> None:
    facts = recording.facts
    day.held += recording.held
    here = (box.folders.recordings / facts.file).exists()
    if recording.erased_at is not None or (not here and erasure.waiting(ledger.connection, facts.call)):
        state = "erased"
    elif recording.stored_at is not None:
        state = "stored"
        if not here and recording.expired_at is None:
            gaps.append(
                Gap(day.date, f"recording {facts.recording}", "the local copy is gone without a rule; the stored one counts")
            )
    elif not here:
        state = "lost"
        gaps.append(Gap(day.date, f"recording {facts.recording}", "its file is missing and it was never stored"))
    elif recording.parked:
        state = "parked"
        gaps.append(Gap(day.date, f"recording {facts.recording}", f"is not stored: {recording.parked}"))
    else:
        state = "waiting"
    setattr(day, state, getattr(day, state) + 1)


def _chain(ledger: Ledger) -> list[str]:
    """Numbers missing in the chain, wherever, and an end that was cut off."""
    found, before = [], 0
    for recording in recordings(ledger.connection):
        number = recording.facts.sequence
        if number != before + 1:
            found.append(f"number {before + 1}{f' to {number - 1}' if number > before + 2 else ''} is missing")
        before = number
    newest = checkpoints.latest(ledger)
    if newest is not None and newest.size > before:
        found.append(f"{newest.size} recordings were vouched for, the last number here is {before}: the end was cut off")
    return found


def as_json(found: Report) -> dict[str, Any]:
    """The report for `--json`, with stable keys."""
    return {
        "complete": not found.gaps,
        "checkpoint": found.checkpoint or None,
        "days": [asdict(day) for day in found.days],
        "gaps": [asdict(gap) for gap in found.gaps],
    }


def lines(found: Report) -> list[str]:
    """The report for people."""
    said = []
    for day in found.days:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(day.not_recorded.items()))
        parts = ", ".join(f"{getattr(day, name)} {name}" for name in PARTS if getattr(day, name))
        more = "".join(
            f", {count} {name}" for count, name in ((day.under_way, "under way"), (day.being_made, "being made")) if count
        )
        said.append(
            f"{day.date}  {day.seen} calls = {day.recorded} recorded ({parts or 'none'}) + {sum(day.not_recorded.values())} not "
            f"({reasons or 'none'}){more}" + (f"; {day.held} held" if day.held else "")
        )
    said += [f"gap: {gap.date + '  ' if gap.date else ''}{gap.what}: {gap.why}" for gap in found.gaps]
    return [*said, f"compared with checkpoint {found.checkpoint}" if found.checkpoint else "no checkpoint was signed yet"]
