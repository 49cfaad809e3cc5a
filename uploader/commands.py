"""What the wing offers on the command line: `appliance uploader run|restore|keys`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import keys, logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.recipients import recipients
from appliance.service import Service

if TYPE_CHECKING:
    from uploader.crew import Crew

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance uploader …`."""
    parser = commands.add_parser("uploader", help="send sealed recordings to the store, bring them back, make keys")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    run = actions.add_parser("run", parents=[common], help="store what waits, for ever (the service)")
    run.add_argument("--once", action="store_true", help="store what waits and exit")
    run.add_argument("--parked", action="store_true", help="first give everything that was parked for a person another try")
    run.set_defaults(run=run_uploader)
    restore = actions.add_parser("restore", parents=[common], help="bring recordings and ledger back from the store alone")
    restore.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key file (default: the box's keys folder)")
    restore.add_argument(
        "--signer", default="", metavar="HEX", help="take in only what the box with this public key (box.pub) signed"
    )
    restore.add_argument("--json", action="store_true", help="print one JSON object")
    restore.set_defaults(run=run_restore)
    key = actions.add_parser("keys", help="keys to which recordings are sealed")
    key_actions = key.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = key_actions.add_parser("new", parents=[common], help="make a key pair; the private half belongs off the box")
    new.add_argument("name", nargs="?", default="customer", metavar="NAME", help="who holds it (default: customer)")
    new.add_argument("-o", "--output", type=Path, metavar="KEYFILE", help="where to write it (default: the box's keys folder)")
    new.set_defaults(run=run_keys_new)
    listing = key_actions.add_parser("list", parents=[common], help="to whom recordings are sealed now")
    listing.set_defaults(run=run_keys_list)


def run_uploader(arguments: argparse.Namespace) -> int:
    """Store what waits."""
    from uploader.crew import Crew
    from uploader.store import open_store
    from uploader.worker import Worker

    logs.set_up("uploader")
    box, clock = Box.of(arguments), SystemClock()
    open_store(box)  # say at once what is wrong with the settings
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, clock)
        if arguments.parked:
            worker.unpark()
        crew = Crew(box, clock)
        try:
            if not arguments.once:
                crew.start_apart()
                service = Service("uploader", box.folders, clock)
                service.run(ledger, lambda: _look_after(crew, ledger, service))
                return 0
            crew.drain(worker.hurry())
        finally:
            crew.close()
    print(f"{crew.stored} stored", file=sys.stderr)
    if crew.failed:
        raise CouldNotError(f"{len(crew.failed)} recordings are not stored yet and stay queued: {crew.failed[-1]}")
    return 0


def _look_after(crew: Crew, ledger: Ledger, service: Service) -> float:
    """One round of the service."""
    pause = crew.step(ledger)
    service.detail = {"stored": crew.stored, "waits": crew.why_waiting}
    return pause


def run_restore(arguments: argparse.Namespace) -> int:
    """Bring the site back."""
    from uploader.restore import as_json, restore
    from uploader.store import open_store

    box = Box.of(arguments)
    identities = keys.load_identities(arguments.identity) if arguments.identity else keys.identities_in(box.folders.keys)
    if not identities:
        raise UsageError(f"{box.folders.keys}: holds no key that could open anything; name one with --identity")
    with Ledger.open(box.folders.ledger) as ledger:
        done = restore(box, ledger, open_store(box), identities, SystemClock(), arguments.signer)
    if arguments.json:
        print(as_json(done))
    else:
        for key in sorted(done.public_keys):
            print(f"signed by the box with the public key {key}")
        print(f"{done.recordings} recordings brought back, {done.present} were here already, {len(done.problems)} problems")
    for problem in done.problems:
        print(f"appliance: {problem}", file=sys.stderr)
    return 4 if done.problems else 0


def run_keys_new(arguments: argparse.Namespace) -> int:
    """Make a key pair."""
    box = Box.of(arguments)
    path = arguments.output or box.folders.keys / f"{arguments.name}.key"
    identity = keys.Identity.new(arguments.name)
    keys.save_identity(path, identity, SystemClock().now())
    print(f"# private key: {path} (mode 0600). Keep it off this box, in two places; without it nobody opens the stored recordings.")
    print("# Add these lines to appliance.toml:")
    print(f'[[recipients]]\nname = "{arguments.name}"\nkey = "{identity.recipient}"')
    return 0


def run_keys_list(arguments: argparse.Namespace) -> int:
    """Print the recipients."""
    box = Box.of(arguments)
    for recipient in recipients(box.config, box.folders, SystemClock().now()):
        print(f"{recipient.name:12} {recipient}")
    return 0


def check_config(box: Box) -> None:
    """What the wing has to say of the configuration. Raises ConfigError."""
    from uploader.store import read_options

    read_options(box)
