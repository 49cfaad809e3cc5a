"""`provisioning asterisk install|status|take-back`: the telephone system's Asterisk, in a root of its own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.errors import CouldNotError


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    parser = actions.add_parser("asterisk", help="the telephone system's Asterisk: install, look, take back")
    acts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    install = acts.add_parser(
        "install", parents=[common], help="make a new root of Debian's packages beside the old one, try it, let it count"
    )
    install.add_argument("--mirror", default="", metavar="URL", help="a mirror of Debian (default: the one that apt uses)")
    install.add_argument(
        "--from", dest="source", type=Path, metavar="FILE|DIR", help="a root that was made elsewhere, tar or folder"
    )
    install.set_defaults(run=run_install)
    status = acts.add_parser("status", parents=[common], help="which root counts, and its version")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=run_status)
    back = acts.add_parser("take-back", parents=[common], help="let the root before this one count again")
    back.set_defaults(run=run_take_back)


def run_install(arguments: argparse.Namespace) -> int:
    """Install, or renew."""
    from provisioning import asterisk_root as roots

    box = Box.of(arguments)
    place = roots.place_of(box.folders.data)
    make = roots.from_archive(arguments.source) if arguments.source else roots.from_debian(arguments.mirror)
    print(f"{roots.install(place, make)} in {place.root}")
    _leave_when_silent(place)
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Print it."""
    from provisioning import asterisk_root as roots

    place = roots.place_of(Box.of(arguments).folders.data)
    told = {
        name: roots.version(root) if (root / "usr/sbin/asterisk").exists() else None
        for name, root in (("root", place.root), ("previous", place.previous))
    }
    if arguments.json:
        print(json.dumps(told))
    elif told["root"]:
        print(f"{told['root']}, before it {told['previous'] or 'none'}")
    else:
        print("Asterisk is not installed; run: appliance provisioning asterisk install")
    return 0


def run_take_back(arguments: argparse.Namespace) -> int:
    """Take it back."""
    from provisioning import asterisk_root as roots

    place = roots.place_of(Box.of(arguments).folders.data)
    print(f"{roots.take_back(place)} counts again")
    _leave_when_silent(place)
    return 0


def _leave_when_silent(place: Any) -> None:
    """Let the Asterisk that runs end once nobody speaks; systemd starts the one that counts."""
    from provisioning import exchange

    try:
        exchange.console_in(place)("core stop when convenient")
        print("it counts as soon as nobody speaks any more")
    except CouldNotError:
        print("it counts from the next start: systemctl start appliance-asterisk")
