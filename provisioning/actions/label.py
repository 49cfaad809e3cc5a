"""`provisioning label`: the code with which the first person signs in, made once, printed on the box's label."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

from appliance import first_code, shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger

HTTPS = 443


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    label = actions.add_parser("label", parents=[common], help="make the code of the first sign-in, and print it once")
    label.add_argument("--again", action="store_true", help="make another one; the label that was printed opens nothing any more")
    label.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the label as an HTML page of 62 × 40 mm, too")
    label.set_defaults(run=run_label)


def run_label(arguments: argparse.Namespace) -> int:
    """Make and print."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        code = first_code.make(ledger, SystemClock().now(), getpass.getuser(), again=arguments.again)
    where = address(box)
    print(f"{where}\n{code}")
    if arguments.output:
        shelf.write(arguments.output, first_code.label(where, box.config.site.serial, code).encode(), 0o600)
    return 0


def address(box: Box) -> str:
    """Where browsers in the office reach the console."""
    web = box.config.web
    return f"https://{box.config.network.name}.local{'' if web.port == HTTPS else f':{web.port}'}"
