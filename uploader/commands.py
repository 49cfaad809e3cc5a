"""What the wing offers on the command line: `appliance uploader run|restore|keys`."""

from __future__ import annotations

import argparse
import json
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
from uploader import key_commands, watching

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
    canary = actions.add_parser("canary", parents=[common], help="try out what the store can do and what it refuses")
    canary.add_argument("--json", action="store_true", help="print one JSON object a capability")
    canary.set_defaults(run=run_canary)
    notify = actions.add_parser("notify", parents=[common], help="a test notice through every channel, and what came of it")
    notify.add_argument("--json", action="store_true", help="print one JSON object a channel")
    notify.set_defaults(run=run_notify)
    backups = actions.add_parser("backups", parents=[common], help="backups of the box in the store; bring the newest here")
    backups.add_argument("-o", "--output", type=Path, metavar="FILE", help="bring the newest (or --key) to this file")
    backups.add_argument("--key", default="", metavar="KEY", help="another one of the list")
    backups.set_defaults(run=key_commands.run_backups)
    key = actions.add_parser("keys", help="keys to which recordings are sealed")
    key_actions = key.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = key_actions.add_parser("new", parents=[common], help="make a key pair; the private half belongs off the box")
    new.add_argument("name", nargs="?", default="customer", metavar="NAME", help="who holds it (default: customer)")
    new.add_argument("-o", "--output", type=Path, metavar="KEYFILE", help="where to write it (default: the box's keys folder)")
    new.set_defaults(run=run_keys_new)
    listing = key_actions.add_parser("list", parents=[common], help="to whom recordings are sealed now")
    listing.set_defaults(run=run_keys_list)
    key_commands.add(key_actions, common)
    drill = actions.add_parser("drill", parents=[common], help="bring some recordings back from the store and compare them")
    drill.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key file (default: the box's keys folder)")
    drill.add_argument("--count", type=int, default=10, metavar="N", help="how many (default: 10)")
    drill.set_defaults(run=key_commands.run_drill)
    watch = actions.add_parser("watch", parents=[common], help="miss the boxes that fell silent, from the other side of the store")
    watch.add_argument("sites", nargs="*", metavar="CONTRACT/EPOCH", help="which boxes (default: this configuration's own)")
    watch.add_argument("--hours", type=float, default=3.0, metavar="H", help="how long a box may be silent (default: 3)")
    watch.add_argument("--signer", default="", metavar="HEX", help="believe only the box with this public key (box.pub)")
    watch.add_argument("--json", action="store_true", help="print one JSON object a box")
    watch.set_defaults(run=watching.run_watch)
    salvage = actions.add_parser("salvage", parents=[common], help="what a cut or damaged sealed file still holds")
    salvage.add_argument("file", type=Path, metavar="FILE", help="the sealed file")
    salvage.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="where the authenticated beginning goes")
    salvage.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key file (default: the box's keys folder)")
    salvage.set_defaults(run=key_commands.run_salvage)


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
                if box.config.store.kind != "folder":  # a disk of our own is nobody else's
                    crew.start_apart()
                service = Service("uploader", box.folders, clock)
                service.run(ledger, lambda: _look_after(crew, ledger, service))
                return 0
            crew.drain(worker.hurry())
        finally:
            crew.close()
    logs.say(f"{crew.stored} stored")
    if crew.failed:
        raise CouldNotError(f"{len(crew.failed)} recordings are not stored yet and stay queued: {crew.failed[-1]}")
    return 0


def _look_after(crew: Crew, ledger: Ledger, service: Service) -> float:
    """One round of the service."""
    pause = crew.step(ledger)
    service.detail = {"stored": crew.stored, "waits": crew.why_waiting}
    return pause


def run_canary(arguments: argparse.Namespace) -> int:
    """Try out the store."""
    from uploader import canary
    from uploader.store import close, open_store

    box, clock = Box.of(arguments), SystemClock()
    store = open_store(box)
    try:
        found = canary.probe(store, box, clock)
    finally:
        close(store)
    record = canary.record_of(box, clock, found)
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(record)
    for line in canary.lines(found) if not arguments.json else (json.dumps(one._asdict(), ensure_ascii=False) for one in found):
        print(line)
    if record.problems:
        raise CouldNotError(
            f"the store {box.config.store.kind} does not do what it must ({len(record.problems)} of {len(found)}, see →)"
        )
    return 0


def run_notify(arguments: argparse.Namespace) -> int:
    """Try out every channel."""
    from uploader.teller import try_all

    box = Box.of(arguments)
    outcomes = list(try_all(box, SystemClock().now()))
    for channel, error in outcomes:
        told = {"channel": channel.name, "kind": channel.kind, "error": str(error or "")}
        print(json.dumps(told, ensure_ascii=False) if arguments.json else f"{channel.name:12} {error or 'taken'}")
    if not outcomes:
        raise CouldNotError(f"{box.source.name}: notify.channels: nobody is told of troubles; add a channel")
    if failed := [channel.name for channel, error in outcomes if error is not None]:
        raise CouldNotError(f"not taken: {', '.join(failed)}; see above")
    return 0


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
    from uploader import teller
    from uploader.store import read_options

    read_options(box)
    for place, channel in enumerate(box.config.notify.channels):
        teller.read_options(box, place, channel)
