"""What the library offers on the command line for persons: `disclose`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance import bech32, keys
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.keys import Recipient
from appliance.ledger import Ledger
from appliance.library import disclosure
from appliance.library.keeping import person
from appliance.moments import isoformat

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""
_REASONS = {"": "can be packed", "not_recorded": "no recording", "erased": "erased", "afar": "local copy gone: uploader restore"}


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance disclose --number N [ID…] [-o DIR --why REASON]`."""
    parser = commands.add_parser("disclose", parents=[common], help="a person's calls: list them, or pack them for that person")
    parser.add_argument("id", nargs="*", metavar="ID", help="of these calls or recordings only (default: all that can be packed)")
    parser.add_argument("--number", required=True, metavar="N", help="the person's telephone number")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="the package's folder, which must not exist; without: list"
    )
    parser.add_argument("--why", default="", metavar="REASON", help="whose request it is; entered in the register")
    parser.add_argument("--to", default="", metavar="AGE1…", help="the person's age recipient: everything personal is sealed to it")
    parser.set_defaults(run=run_disclose)


def run_disclose(arguments: argparse.Namespace) -> int:
    """List, or pack."""
    from appliance.library.bundle.make import Request, make

    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        found = disclosure.choices(box, ledger, arguments.number)
        chosen = disclosure.named(box, ledger, found, arguments.id) if arguments.id else found
        if arguments.output is None:
            for choice in chosen:
                call = choice.call
                when = isoformat(call.started_at, box.config.site.zone)[:19]
                print(f"{call.id}  {when}  {call.direction}  {call.duration:.0f} s  {_REASONS[choice.why_not]}")
            print(f"{len(chosen)} calls, {sum(not choice.why_not for choice in chosen)} of which can be packed")
            return 0
        folder: Path = arguments.output.absolute()
        whole = [choice.recording for choice in chosen if choice.recording is not None and not choice.why_not]
        _check(arguments, folder, bool(whole))
        sheet = disclosure.sheet(box.config, (choice.call for choice in chosen))
        request = Request(
            who=person(), why=arguments.why.strip(), to=_recipient(arguments.to), now=SystemClock().now(), for_person=True,
            more={"calls.csv": sheet},
        )  # fmt: skip
        key = keys.present_signing_key(box.folders.keys)
        make(box, ledger, whole, folder, keys.identities_in(box.folders.keys), key, request)
    print(f"{arguments.output}: {len(whole)} recordings and a table of {len(chosen)} calls, signed with the key {key.public}")
    return 0


def _check(arguments: argparse.Namespace, folder: Path, anything: bool) -> None:
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{arguments.output}: is there already; name a folder that is not")
    if not arguments.why.strip():
        raise UsageError("--why: say whose request it is, and its number")
    if not anything:
        raise UsageError("there is no recording that can be packed; without -o the calls are listed with the reason")


def _recipient(text: str) -> Recipient | None:
    try:
        return Recipient.parse("person", text) if text else None
    except bech32.Bech32Error as error:
        raise UsageError(f"--to {text}: is no age recipient ({error}); it looks like age1…") from error
