"""`provisioning label`: the code for the first sign-in, made and printed once, and the label with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.errors import UsageError
from appliance.ledger import Ledger


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    label = actions.add_parser("label", parents=[common], help="make the code for the first sign-in, and print the box's label")
    label.add_argument("--again", action="store_true", help="make another code; the printed one ends")
    label.add_argument("-o", "--output", type=Path, metavar="FILE.svg", help="write the label as a picture too")
    label.set_defaults(run=run_label)


def run_label(arguments: argparse.Namespace) -> int:
    """Make and print it."""
    from appliance import first_code, shelf
    from provisioning import label

    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        if ledger.connection.execute("SELECT count(*) FROM account").fetchone()[0]:
            raise UsageError("somebody has an account already; `appliance web password` gives a one-time password")
    code = first_code.make(box.folders, again=arguments.again)
    if arguments.output is not None:
        shelf.write(arguments.output, label.svg(box, code).encode("utf-8"))
    print(label.text(box, code), end="")
    return 0
