"""What the library offers on the command line for keeping and letting go: `hold`, `release`, `label` and `erase`.

A hold wins over everything. An erasure shows its plan before it does anything, and asks unless --yes was said.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from appliance import doorbell, erasure, numbers
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.clock import SystemClock
from appliance.customers.book import Book
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording, read_call, select_calls
from appliance.records import RecordingLabelled

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""
_LABEL = re.compile(r"[\w-]{1,40}\Z")
_DIGITS = re.compile(r"\d{7,}")
_SHOWN = 10


class Plan(NamedTuple):
    """What an erasure would do."""

    orders: list[erasure.Order]
    held: list[Call]
    """Not erased: they are held for a case."""
    unsettled: list[Call]
    """Not erased yet: under way, or being rendered."""
    done: int
    """Erased already."""


def add_hold(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance hold ID…`."""
    _add_holding(commands, common, "hold", "keep recordings for a case, whatever else says that they may go")


def add_release(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance release ID…`."""
    _add_holding(commands, common, "release", "end a hold; what was to go meanwhile goes")


def _add_holding(commands: Commands, common: argparse.ArgumentParser, name: str, about: str) -> None:
    parser = commands.add_parser(name, parents=[common], help=about)
    parser.add_argument("id", nargs="+", metavar="ID", help="ids of recordings or of their calls")
    parser.add_argument("--why", required=True, metavar="REASON", help="for which case; it is entered in the register")
    parser.set_defaults(run=run_holding, held=name == "hold")


def add_label(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance label ID… --put NAME`."""
    parser = commands.add_parser("label", parents=[common], help="put a label on recordings, by which retention may go")
    parser.add_argument("id", nargs="+", metavar="ID", help="ids of recordings or of their calls")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--put", metavar="LABEL", help="the label: letters of any script, digits, - and _")
    choice.add_argument("--take", metavar="LABEL", help="take this label off")
    parser.set_defaults(run=run_label)


def add_erase(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance erase ID…|--number N|--contract C`."""
    parser = commands.add_parser("erase", parents=[common], help="erase calls everywhere: box, store, numbers and names")
    parser.add_argument("id", nargs="*", metavar="ID", help="ids of recordings or of their calls")
    parser.add_argument("--number", default="", metavar="N", help="every call from or to this number")
    parser.add_argument("--contract", default="", metavar="C", help="everything of this contract")
    parser.add_argument("--why", default="", metavar="REASON", help="the case; without numbers and names, for it is kept")
    parser.add_argument("--keep-calls", action="store_true", help="only the sound goes; the call stays in the list as it is")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run_erase)


def is_label(text: str) -> bool:
    """Whether a recording may bear it: letters of any script, digits, `-` and `_`, at most 40."""
    return _LABEL.match(text) is not None


def person() -> str:
    """Who is at the command line, for the register."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):
        name = str(os.getuid())
    return f"command line ({name})"


def named_recordings(ledger: Ledger, names: Iterable[str]) -> list[Recording]:
    """The recordings with these ids (or of these calls), once each. Raises UsageError."""
    found: dict[str, Recording] = {}
    for name in names:
        recording = get_recording(ledger.connection, name)
        if recording is None:
            raise UsageError(f"{name}: there is no such recording; `appliance recordings` lists them")
        found[recording.facts.recording] = recording
    return list(found.values())


def run_holding(arguments: argparse.Namespace) -> int:
    """Hold or release."""
    box = Box.of(arguments)
    why = _reason(arguments.why)
    with Ledger.open(box.folders.ledger) as ledger:
        found = named_recordings(ledger, arguments.id)
        if gone := [one.facts.recording for one in found if one.erased_at is not None]:
            raise CouldNotError(f"recording {gone[0]}: is erased already, nothing of it is left to hold")
        count = erasure.hold(ledger, found, person(), why, SystemClock().now(), held=arguments.held)
        waits = [one.facts.recording for one in found if erasure.waiting(ledger.connection, one.facts.call)]
    doorbell.ring(box.folders.run)
    word = "held" if arguments.held else "released"
    print(f"{count} recordings are {word} now, {len(found) - count} were already")
    for name in waits:
        print(f"{name}: its erasure was asked for and {'waits until it is released' if arguments.held else 'goes on now'}")
    return 0


def run_label(arguments: argparse.Namespace) -> int:
    """Put a label on, or take it off."""
    box = Box.of(arguments)
    label = arguments.put or arguments.take or ""
    if not is_label(label):
        raise UsageError(f"{label!r}: is no label; use letters, digits, - and _, at most 40")
    now = SystemClock().now()
    with Ledger.open(box.folders.ledger) as ledger:
        found = named_recordings(ledger, arguments.id)
        ledger.append(*(
            RecordingLabelled(at=now, recording=one.facts.recording, label=label, labelled=arguments.put is not None, who=person())
            for one in found
        ))  # fmt: skip
    print(f"{len(found)} recordings {'bear' if arguments.put else 'no longer bear'} the label {label}")
    return 0


def plan_of(box: Box, ledger: Ledger, arguments: argparse.Namespace) -> Plan:
    """What would be erased. Raises UsageError."""
    calls = _chosen(box, ledger, arguments)
    wanted = box.config.number(arguments.number).national if arguments.number else ""
    plan = Plan([], [], [], 0)
    done = 0
    for call in calls:
        recording = get_recording(ledger.connection, call.id) if call.recording else None
        gone = (recording is None or recording.erased_at is not None) and (
            arguments.keep_calls or call.caller_reason == erasure.ERASED
        )
        if gone:
            done += 1
        elif recording is not None and recording.held:
            plan.held.append(call)
        elif call.ended_at is None or not call.settled:
            plan.unsettled.append(call)
        else:
            own_line = bool(wanted) and call.line is not None and box.config.number(call.line).national == wanted
            plan.orders.append(erasure.Order(call, recording, line_too=bool(arguments.contract) or own_line))
    return plan._replace(done=done)


def _chosen(box: Box, ledger: Ledger, arguments: argparse.Namespace) -> list[Call]:
    if sum(map(bool, (arguments.id, arguments.number, arguments.contract))) != 1:
        raise UsageError("erase: name recordings, or a number with --number, or the contract with --contract")
    if arguments.contract:
        if arguments.contract != box.config.site.contract:
            raise UsageError(f"--contract {arguments.contract}: this box serves {box.config.site.contract}; nothing was erased")
        return _calls(ledger, "ORDER BY started_at")
    if arguments.number:
        number = box.config.number(arguments.number)
        if not number.national:
            raise UsageError(f"--number {arguments.number}: is no telephone number")
        forms = [text for text in {number.national, number.e164, numbers.clean(arguments.number), arguments.number} if text]
        marks = ",".join("?" * len(forms))
        columns = ("caller", "caller_raw", "caller_e164", "called", "called_raw", "called_e164")
        clause = " OR ".join(f"{column} IN ({marks})" for column in columns)
        return _calls(ledger, f"WHERE {clause} ORDER BY started_at", *(forms * len(columns)))
    found: dict[str, Call] = {}
    for name in arguments.id:
        recording = get_recording(ledger.connection, name)
        call = get_call(ledger.connection, recording.facts.call if recording else name)
        if call is None:
            raise UsageError(f"{name}: there is no such call or recording; `appliance calls` lists them. Nothing was erased")
        found[call.id] = call
    return list(found.values())


def _calls(ledger: Ledger, clause: str, *values: str) -> list[Call]:
    return [read_call(row) for row in ledger.connection.execute(*select_calls(clause, values))]


def run_erase(arguments: argparse.Namespace) -> int:
    """Show the plan, ask, and queue it. Exit code 4 where something could not go."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        plan = plan_of(box, ledger, arguments)
        why = _reason(arguments.why or "asked for at the command line", plan.orders)
        _print_plan(box, plan, keep_calls=arguments.keep_calls)
        book = Book(ledger, SystemClock().now, box.config.number)
        number = box.config.number(arguments.number).national if arguments.number and not arguments.keep_calls else ""
        if known := book.behind(number):
            print(f"  in the customer book: this number of {len(known)} entries; who has no other goes")
        if not plan.orders and not arguments.contract and not known:
            print("there is nothing to erase")
        elif not arguments.yes and not _agreed():
            print("nothing was erased")
            return 0
        else:
            now = SystemClock().now()
            book.erase_number(number, person())
            count = erasure.ask(ledger, plan.orders, person(), why, now, facts_too=not arguments.keep_calls)
            if arguments.contract and not arguments.keep_calls:
                erasure.ask_contract(ledger, arguments.contract, now)
            print(f"{count} calls are being erased; `appliance erase` again, or the register, says when it is done")
    doorbell.ring(box.folders.run)
    if plan.held or plan.unsettled:
        raise CouldNotError(f"{len(plan.held)} calls are held and {len(plan.unsettled)} not settled yet; these were not erased")
    return 0


def _print_plan(box: Box, plan: Plan, *, keep_calls: bool) -> None:
    recordings = [order.recording for order in plan.orders if order.recording is not None and order.recording.erased_at is None]
    size = sum(recording.facts.bytes for recording in recordings) / 1e6
    stored = sum(recording.stored_at is not None for recording in recordings)
    print(f"to be erased: {len(plan.orders)} calls, {len(recordings)} recordings ({size:.1f} MB), {stored} of them in the store")
    print(f"  in the store ({box.config.store.kind}): every version, marker, unfinished part and header of them")
    print("  on the box: sealed copies, manifests, spool, quarantine")
    print("  in the ledger: " + ("nothing" if keep_calls else "numbers and names; times, outcome and the signed chain stay"))
    for order in plan.orders[:_SHOWN]:
        print(f"  {order.call.id}  {order.recording.facts.recording if order.recording else 'no recording'}")
    if len(plan.orders) > _SHOWN:
        print(f"  … and {len(plan.orders) - _SHOWN} more")
    for calls, why in ((plan.held, "held for a case; release it first"), (plan.unsettled, "not settled yet; ask again later")):
        for call in calls:
            print(f"not erased: {call.id}  {why}")
    if plan.done:
        print(f"erased before: {plan.done} calls")


def _agreed() -> bool:
    print("This cannot be undone. Type `erase` to go on: ", end="", flush=True)
    return sys.stdin.readline().strip() == "erase"


def _reason(text: str, orders: Iterable[erasure.Order] = ()) -> str:
    """The reason as it is kept; one that itself holds what is to go would outlive it. Raises UsageError."""
    words = text.strip()
    if not words:
        raise UsageError("--why: say for which case")
    names = {name for order in orders for name in (order.call.caller_name, order.call.caller_raw) if len(name) > 1}
    if _DIGITS.search(numbers.clean(words)) or any(name in words for name in names):
        raise UsageError("--why: holds a number or a name; it is kept, so write the case's own number instead")
    return words
