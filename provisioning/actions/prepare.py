"""`provisioning prepare|copy-ledger`: what the package's scripts ask of the program."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    prepare = actions.add_parser(
        "prepare", parents=[common], help="make the box's keys, certificate and ledger where they are missing"
    )
    prepare.set_defaults(run=run_prepare)
    copy = actions.add_parser("copy-ledger", parents=[common], help="copy the ledger whole, while services write it")
    copy.add_argument("target", type=Path, metavar="FILE", help="where the copy goes")
    copy.add_argument("--from", dest="source", type=Path, metavar="FILE", help="another ledger than the box's own")
    copy.set_defaults(run=run_copy)


def run_prepare(arguments: argparse.Namespace) -> int:
    """Make what is missing."""
    from provisioning.prepare import prepare

    for line in prepare(Box.of(arguments), SystemClock().now()):
        print(line)
    return 0


def run_copy(arguments: argparse.Namespace) -> int:
    """Copy the ledger."""
    from provisioning.prepare import copy_ledger

    copy_ledger(arguments.source or Box.of(arguments).folders.ledger, arguments.target)
    return 0
