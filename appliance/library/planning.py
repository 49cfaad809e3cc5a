"""What an erasure would do, said before anything is done: by number, by id, or the whole contract; for the command line and the page.

What is held stays and is said, what is not settled yet is said too, and what would keep the reason from holding the very name that goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance import erasure, numbers
from appliance.box import Box
from appliance.calls import Call
from appliance.customers.book import Book
from appliance.errors import SaidError, UsageError
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording, read_call, select_calls
from appliance.popups import answers
from appliance.words import N_, Text

_DIGITS = re.compile(r"\d{7,}")


class Wanted(NamedTuple):
    """What is to be erased: one of the three."""

    ids: tuple[str, ...] = ()
    number: str = ""
    contract: str = ""
    keep_calls: bool = False
    """Only the sound goes."""


class Plan(NamedTuple):
    """What an erasure would do."""

    orders: list[erasure.Order]
    held: list[Call]
    """Not erased: they are held for a case."""
    unsettled: list[Call]
    """Not erased yet: under way, or being rendered."""
    done: int
    """Erased already."""


def plan_of(box: Box, ledger: Ledger, wanted: Wanted) -> Plan:
    """What would be erased. Raises UsageError."""
    calls = calls_of(box, ledger, wanted)
    own = box.config.number(wanted.number).national if wanted.number else ""
    plan = Plan([], [], [], 0)
    done = 0
    for call in calls:
        recording = get_recording(ledger.connection, call.id) if call.recording else None
        gone = (recording is None or recording.erased_at is not None) and (
            wanted.keep_calls or call.caller_reason == erasure.ERASED
        )
        if gone:
            done += 1
        elif recording is not None and recording.held:
            plan.held.append(call)
        elif call.ended_at is None or not call.settled:
            plan.unsettled.append(call)
        else:
            own_line = bool(own) and call.line is not None and box.config.number(call.line).national == own
            plan.orders.append(erasure.Order(call, recording, line_too=bool(wanted.contract) or own_line))
    return plan._replace(done=done)


def calls_of(box: Box, ledger: Ledger, wanted: Wanted) -> list[Call]:
    """The calls that are meant, the oldest first. Raises UsageError."""
    if sum(map(bool, (wanted.ids, wanted.number, wanted.contract))) != 1:
        raise UsageError("erase: name recordings, or a number with --number, or the contract with --contract")
    if wanted.contract:
        if wanted.contract != box.config.site.contract:
            raise UsageError(f"--contract {wanted.contract}: this box serves {box.config.site.contract}; nothing was erased")
        return _calls(ledger, "ORDER BY started_at")
    if wanted.number:
        number = box.config.number(wanted.number)
        if not number.national:
            raise UsageError(f"--number {wanted.number}: is no telephone number")
        forms = [text for text in {number.national, number.e164, numbers.clean(wanted.number), wanted.number} if text]
        marks = ",".join("?" * len(forms))
        columns = ("caller", "caller_raw", "caller_e164", "called", "called_raw", "called_e164")
        clause = " OR ".join(f"{column} IN ({marks})" for column in columns)
        return _calls(ledger, f"WHERE {clause} ORDER BY started_at", *(forms * len(columns)))
    found: dict[str, Call] = {}
    for name in wanted.ids:
        recording = get_recording(ledger.connection, name)
        call = get_call(ledger.connection, recording.facts.call if recording else name)
        if call is None:
            raise UsageError(f"{name}: there is no such call or recording; `appliance calls` lists them. Nothing was erased")
        found[call.id] = call
    return list(found.values())


def _calls(ledger: Ledger, clause: str, *values: str) -> list[Call]:
    return [read_call(row) for row in ledger.connection.execute(*select_calls(clause, values))]


def sentences(box: Box, plan: Plan, wanted: Wanted, known: int) -> Iterator[Text]:
    """The plan in words; `known` are entries of the customer book with the number."""
    recordings = [order.recording for order in plan.orders if order.recording is not None and order.recording.erased_at is None]
    count: dict[str, str | int | float] = {
        "calls": len(plan.orders), "recordings": len(recordings), "size": sum(one.facts.bytes for one in recordings) / 1e6,
        "stored": sum(one.stored_at is not None for one in recordings),
    }  # fmt: skip
    yield Text(
        N_("To be erased: %(calls)d calls, %(recordings)d recordings (%(size).1f MB), %(stored)d of them in the store."), count
    )
    kind = {"kind": box.config.store.kind}
    yield Text(N_("In the store (%(kind)s): every version, marker, unfinished part and header of them."), kind)
    yield Text(N_("On the box: sealed copies, manifests, spool, quarantine."))
    if wanted.keep_calls:
        yield Text(N_("In the list of calls: nothing."))
    else:
        yield Text(N_("In the list of calls: numbers, names and memos; times, outcome and the signed chain stay."))
    if known:
        yield Text(N_("In the customer book: this number of %(count)d entries; who has no other goes."), {"count": known})
    if plan.held:
        yield Text(N_("Not erased: %(count)d calls are held for a case; release them first."), {"count": len(plan.held)})
    if plan.unsettled:
        yield Text(N_("Not erased: %(count)d calls are not settled yet; ask again later."), {"count": len(plan.unsettled)})
    if plan.done:
        yield Text(N_("Erased before: %(count)d calls."), {"count": plan.done})


def number_of(box: Box, wanted: Wanted) -> str:
    """The number that goes from the customer book too, in its national form; "" where the calls stay."""
    return box.config.number(wanted.number).national if wanted.number and not wanted.keep_calls else ""


def carry_out(box: Box, ledger: Ledger, plan: Plan, wanted: Wanted, who: str, why: str, now: int) -> int:
    """Ask for it: the calls, the number in the book and in what other systems said. Returns how many calls were asked for."""
    number = number_of(box, wanted)
    if number:
        Book(ledger, lambda: now, box.config.number).erase_number(number, who)
        with ledger.transaction() as connection:
            answers.forget(connection, number)
    return erasure.ask(ledger, plan.orders, who, why, now, facts_too=not wanted.keep_calls)


def reason(text: str, orders: Iterable[erasure.Order] = ()) -> str:
    """The reason as it is kept; one that itself holds what is to go would outlive it. Raises SaidError."""
    words = text.strip()
    if not words:
        raise SaidError(N_("Say for which case."))
    names = {name for order in orders for name in (order.call.caller_name, order.call.caller_raw) if len(name) > 1}
    if _DIGITS.search(numbers.clean(words)) or any(name in words for name in names):
        raise SaidError(N_("The reason holds a number or a name; it is kept, so write the case's own number instead."))
    return words
