"""`provisioning backup|replace|restore`: what leaves the box every night, and how a spare one becomes it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from appliance import keys
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.moments import isoformat


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    make = actions.add_parser("backup", parents=[common], help="configuration, keys and ledger in one sealed file")
    make.add_argument("-o", "--output", type=Path, metavar="FILE", help="where it goes (default: queued for the store)")
    make.set_defaults(run=run_backup)
    for word, told in (("replace", "make this spare box the old one"), ("restore", "the same, for the old box with a new disk")):
        parser = actions.add_parser(word, parents=[common], help=told)
        parser.add_argument(
            "--from", dest="source", type=Path, required=True, metavar="FILE|DIR",
            help="a backup (appliance uploader backups), or the old disk's /var/lib/appliance",
        )  # fmt: skip
        parser.add_argument("--old-config", type=Path, metavar="FILE", help="with a disk: its /etc/appliance/appliance.toml")
        parser.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key that opens the backup and the manifests")
        parser.add_argument("--serial", default="", metavar="S", help="this machine's serial number (default: the old one's)")
        parser.add_argument("--smaller-disk", action="store_true", help="go on although this disk is smaller than the old one")
        parser.set_defaults(run=run_replace)


def run_backup(arguments: argparse.Namespace) -> int:
    """Make one."""
    from provisioning import backup

    box, now = Box.of(arguments), SystemClock().now()
    if arguments.output is not None:
        about = backup.make(box, now, arguments.output)
        print(f"{arguments.output}: box {about.serial}, epoch {about.epoch}, {about.head} recordings known")
    else:
        print(backup.make_and_queue(box, now))
    return 0


def run_replace(arguments: argparse.Namespace) -> int:
    """Become the old box."""
    from provisioning.replace import Wish, replace

    box = Box.of(arguments)
    identities = keys.load_identities(arguments.identity) if arguments.identity else []
    if not identities and not arguments.source.is_dir():
        raise UsageError("name the key that opens the backup with --identity; it lies with the customer or the operator")
    wish = Wish(
        source=arguments.source, settings=arguments.old_config, serial=arguments.serial, smaller_disk=arguments.smaller_disk
    )
    done = replace(box, wish, identities, SystemClock())
    print(
        f"this box is {done.about.serial} now, epoch {done.epoch}; what it knows is of {isoformat(done.about.made_at)}; "
        f"{done.told_again} recordings of later were told again from the store"
    )
    for problem in done.problems:
        print(f"appliance: {problem}", file=sys.stderr)
    return 4 if done.problems else 0
