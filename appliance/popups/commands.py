"""What the cards offer on the command line: `appliance popups run|try|status|again|wanted`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from appliance import jobs, logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.popups.asking import AskError
from appliance.popups.integrations import Ready, ready
from appliance.popups.known import Event, caller_of
from appliance.service import Service

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance popups run|try|status|again|wanted`."""
    parser = commands.add_parser("popups", help="the office's own systems behind the card of a ringing call")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    run = actions.add_parser("run", parents=[common], help="ask and tell them for ever (the service)")
    run.set_defaults(run=run_service)
    trying = actions.add_parser("try", parents=[common], help="ask each of them who has this number, now and past what is kept")
    trying.add_argument("number", metavar="NUMBER", help="a telephone number as people write it")
    trying.add_argument("--only", default="", metavar="NAME", help="this integration alone")
    trying.add_argument("--tell", action="store_true", help="tell a webhook of a call that never was, too")
    trying.set_defaults(run=run_try)
    status = actions.add_parser("status", parents=[common], help="what waits to be told, and what went wrong")
    status.set_defaults(run=run_status)
    again = actions.add_parser("again", parents=[common], help="try at once whatever could not be told")
    again.set_defaults(run=run_again)
    wanted = actions.add_parser(
        "wanted", parents=[common], help="exit 0 where there is anything to do for the service, 1 where not"
    )
    wanted.set_defaults(run=run_wanted)


def run_service(arguments: argparse.Namespace) -> int:
    """Until told to stop."""
    from appliance.popups.work import READER, Popups

    logs.set_up(READER)
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        service = Service(READER, box.folders)
        with Popups(box, ledger, service.clock) as popups:
            service.run(ledger, popups.step)
    return 0


def run_try(arguments: argparse.Namespace) -> int:
    """Ask, and say what came and how long it took. Exit code 4 where one gave no answer."""
    box = Box.of(arguments)
    caller = caller_of(box.config.number(arguments.number))
    if caller is None:
        raise UsageError(f"{arguments.number}: is no telephone number")
    chosen = [one for one in ready(box) if arguments.only in ("", one.name)]
    if not chosen:
        raise UsageError("there is no such integration; popup.integrations of the configuration lists them")
    failed = []
    for one in chosen:
        began = time.monotonic()
        try:
            print(f"{one.name}: {_tried(one, caller, tell=arguments.tell)} ({time.monotonic() - began:.2f} s)")
        except AskError as error:
            failed.append(one.name)
            print(f"{one.name}: {error} ({time.monotonic() - began:.2f} s)")
    if failed:
        raise CouldNotError(f"{', '.join(failed)}: no answer; see above")
    return 0


def _tried(one: Ready, caller: Any, *, tell: bool) -> str:
    said = []
    if one.answers:
        found = one.module.look_up(one.options, one.secret, caller, one.seconds)
        said.append(" / ".join(filter(None, found)) if found else "knows nobody with this number")
    if "ringing" in one.events:
        if tell:
            values = {"call": "test", "state": "ringing", "direction": "inbound", "caller": caller.national, "test": True}
            one.module.tell(one.options, one.secret, Event("test", "ringing", 0, values, caller), one.seconds)
        said.append("took the test event" if tell else "is only told; ask for a test event with --tell")
    return "; ".join(said)


def run_status(arguments: argparse.Namespace) -> int:
    """One line an integration."""
    from appliance.popups.work import kind

    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        for one in box.config.popup.integrations:
            counts = jobs.Jobs(ledger, "").counts(kind(one.name))
            row = ledger.connection.execute(
                "SELECT last_error FROM job WHERE kind = ? AND last_error != '' ORDER BY created_at DESC LIMIT 1", (kind(one.name),)
            ).fetchone()
            kept = ledger.connection.execute("SELECT count(*) FROM answer WHERE source = ?", (one.name,)).fetchone()[0]
            waiting = counts.get("ready", 0) + counts.get("leased", 0)
            print(f"{one.name} ({one.kind}): {waiting} wait to be told, {counts.get('parked', 0)} given up, {kept} answers kept")
            if row is not None:
                print(f"  {row['last_error']}")
    return 0


def run_again(arguments: argparse.Namespace) -> int:
    """Due now, whatever waits or was given up."""
    from appliance.popups.work import kind

    box, now = Box.of(arguments), SystemClock().now()
    with Ledger.open(box.folders.ledger) as ledger:
        for one in box.config.popup.integrations:
            queue = jobs.Jobs(ledger, "")
            queue.hurry(kind(one.name), now)
            print(f"{one.name}: {queue.unpark(kind(one.name), now)} that were given up are tried again")
    return 0


def run_wanted(arguments: argparse.Namespace) -> int:
    """For the unit's ExecCondition: a box without integrations and push messages needs no service."""
    popup = Box.of(arguments).config.popup
    return 0 if popup.integrations or popup.push_contact else 1
