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
from typing import Any

from appliance import doorbell, erasure
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import SystemClock
from appliance.customers.book import Book
from appliance.errors import CouldNotError, SaidError, UsageError
from appliance.ledger import Ledger
from appliance.library.planning import Plan, Wanted, carry_out, number_of, plan_of, reason, sentences
from appliance.lookup import get_recording
from appliance.records import RecordingLabelled
from appliance.web import i18n

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""
_LABEL = re.compile(r"[\w-]{1,40}\Z")
_SHOWN = 10


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
    why = _why(arguments.why)
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


def run_erase(arguments: argparse.Namespace) -> int:
    """Show the plan, ask, and queue it. Exit code 4 where something could not go."""
    box = Box.of(arguments)
    wanted = Wanted(tuple(arguments.id), arguments.number, arguments.contract, arguments.keep_calls)
    with Ledger.open(box.folders.ledger) as ledger:
        plan = plan_of(box, ledger, wanted)
        why = _why(arguments.why or "asked for at the command line", plan.orders)
        now = SystemClock().now()
        known = len(Book(ledger, SystemClock().now, box.config.number).behind(number_of(box, wanted)))
        _print_plan(box, plan, wanted, known)
        if not plan.orders and not wanted.contract and not known:
            print("there is nothing to erase")
        elif not arguments.yes and not _agreed():
            print("nothing was erased")
            return 0
        else:
            count = carry_out(box, ledger, plan, wanted, person(), why, now)
            if wanted.contract and not wanted.keep_calls:
                erasure.ask_contract(ledger, wanted.contract, now)
            print(f"{count} calls are being erased; `appliance erase` again, or the register, says when it is done")
    doorbell.ring(box.folders.run)
    if plan.held or plan.unsettled:
        raise CouldNotError(f"{len(plan.held)} calls are held and {len(plan.unsettled)} not settled yet; these were not erased")
    return 0


def _print_plan(box: Box, plan: Plan, wanted: Wanted, known: int) -> None:
    """In Japanese and in English: whoever is asked to agree understands one of them."""
    told = list(sentences(box, plan, wanted, known))
    japanese = i18n.catalogue("ja").gettext
    for text in (*(text.translated(japanese) for text in told), *map(str, told)):
        print(text)
    for order in plan.orders[:_SHOWN]:
        print(f"  {order.call.id}  {order.recording.facts.recording if order.recording else 'no recording'}")
    if len(plan.orders) > _SHOWN:
        print(f"  … and {len(plan.orders) - _SHOWN} more")
    for calls, why in ((plan.held, "held for a case; release it first"), (plan.unsettled, "not settled yet; ask again later")):
        for call in calls:
            print(f"not erased: {call.id}  {why}")


def _agreed() -> bool:
    print("This cannot be undone. Type `erase` to go on: ", end="", flush=True)
    return sys.stdin.readline().strip() == "erase"


def _why(text: str, orders: Iterable[erasure.Order] = ()) -> str:
    """The reason, with the word that it belongs to where it cannot be kept. Raises UsageError."""
    try:
        return reason(text, orders)
    except SaidError as error:
        raise UsageError(f"--why: {error}") from error
