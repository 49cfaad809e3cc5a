"""What the library offers on the command line for handing over: `evidence`."""

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
from appliance.library.keeping import named_recordings, person

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance evidence ID… -o DIR`."""
    parser = commands.add_parser("evidence", parents=[common], help="a bundle of recordings that anybody can check offline")
    parser.add_argument("id", nargs="+", metavar="ID", help="ids of recordings or of their calls")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the bundle's folder, which must not exist")
    parser.add_argument("--why", required=True, metavar="REASON", help="who asked for it and for what; entered in the register")
    parser.add_argument(
        "--to", default="", metavar="AGE1…", help="the requester's age recipient: everything personal is sealed to it"
    )
    parser.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key file (default: the box's keys folder)")
    parser.set_defaults(run=run_evidence)


def run_evidence(arguments: argparse.Namespace) -> int:
    """Make the bundle."""
    from appliance.library.bundle.make import Request, make

    box = Box.of(arguments)
    folder: Path = arguments.output.absolute()
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{arguments.output}: is there already; name a folder that is not")
    if not arguments.why.strip():
        raise UsageError("--why: say who asked for it and for what")
    try:
        to = Recipient.parse("requester", arguments.to) if arguments.to else None
    except bech32.Bech32Error as error:
        raise UsageError(f"--to {arguments.to}: is no age recipient ({error}); it looks like age1…") from error
    identities = keys.load_identities(arguments.identity) if arguments.identity else keys.identities_in(box.folders.keys)
    with Ledger.open(box.folders.ledger) as ledger:
        found = named_recordings(ledger, arguments.id)
        key = keys.present_signing_key(box.folders.keys)
        request = Request(who=person(), why=arguments.why.strip(), to=to, now=SystemClock().now())
        make(box, ledger, found, folder, identities, key, request)
    print(f"{arguments.output}: {len(found)} recordings, signed with the key {key.public}")
    print("Tell that key to whoever gets the bundle by another way; they check with: python3 -I verify.py --key …")
    return 0
