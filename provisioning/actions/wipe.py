"""`provisioning wipe`: the box goes back with nothing on it, and a certificate says so."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.folders import SYSTEM_DATA


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    wipe = actions.add_parser("wipe", parents=[common], help="destroy keys, then all data; print a signed certificate")
    wipe.add_argument("--serial", required=True, metavar="S", help="this box's serial number, so that it is this one")
    wipe.add_argument("--who", required=True, metavar="NAME", help="who wipes it")
    wipe.add_argument("--yes", action="store_true", help="really; there is no way back")
    wipe.add_argument("--unstored", action="store_true", help="recordings that are on this box alone go too")
    wipe.add_argument("--held", action="store_true", help="recordings that are held for a case go too")
    wipe.add_argument(
        "--free-space", action="store_true", help="overwrite free space too, where earlier files lay (always on a box)"
    )
    wipe.add_argument("--search", type=Path, metavar="DISK", help="afterwards search this disk for what was on it")
    wipe.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the certificate here, outside of the box's folder")
    wipe.set_defaults(run=run_wipe)


def run_wipe(arguments: argparse.Namespace) -> int:
    """Wipe it."""
    from provisioning.wipe import Wish, wipe

    if not arguments.yes:
        raise UsageError("a wipe has no way back: keys, recordings and ledger go; say --yes")
    box = Box.of(arguments)
    data = box.folders.data.resolve()
    if arguments.output is not None and (arguments.output.exists() or data in arguments.output.resolve().parents):
        raise UsageError(f"{arguments.output}: is there already, or would be wiped too; name another file")
    wish = Wish(
        serial=arguments.serial, who=arguments.who, unstored=arguments.unstored, held=arguments.held,
        free_space=arguments.free_space or data == SYSTEM_DATA, image=arguments.search,
    )  # fmt: skip
    certificate = wipe(box, wish, SystemClock().now()).encode()
    if arguments.output is not None:
        shelf.write(arguments.output, certificate)
    print(certificate.decode("ascii"))
    return 0
