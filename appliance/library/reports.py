"""What the library offers on the command line for looking back: `report completeness`."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.library import completeness
from appliance.library.commands import moment_of

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance report completeness`."""
    parser = commands.add_parser("report", help="what was seen, what was recorded, what is stored")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    whole = actions.add_parser(
        "completeness", parents=[common], help="calls, recordings and objects by day; every gap with its reason"
    )
    whole.add_argument("--from", dest="begin", metavar="T", help="began at or after this time (ISO 8601, the site's zone)")
    whole.add_argument("--to", dest="end", metavar="T", help="began before this time; a date means to the end of that day")
    whole.add_argument("--json", action="store_true", help="print one JSON object")
    whole.set_defaults(run=run_completeness)


def run_completeness(arguments: argparse.Namespace) -> int:
    """Print the report. Exit code 4 where something does not add up."""
    box = Box.of(arguments)
    zone = box.config.site.zone
    begin, end = moment_of(arguments.begin, zone, "--from"), moment_of(arguments.end, zone, "--to", end_of_day=True)
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        found = completeness.report(box, ledger, begin, end, time.time_ns())
    if arguments.json:
        print(json.dumps(completeness.as_json(found), ensure_ascii=False))
    else:
        print("\n".join(completeness.lines(found)))
    if found.gaps:
        raise CouldNotError(f"{len(found.gaps)} things do not add up; each is named above")
    return 0
