"""What the library offers on the command line for looking back: `report completeness`, `report erasures`."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from appliance import keys
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.library import completeness, erasures
from appliance.library.commands import moment_of

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance report completeness|erasures`."""
    parser = commands.add_parser("report", help="what was seen, what was recorded, what is stored")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    whole = actions.add_parser(
        "completeness", parents=[common], help="calls, recordings and objects by day; every gap with its reason"
    )
    gone = actions.add_parser("erasures", parents=[common], help="what was erased, with counts and proofs, in Japanese and English")
    for parser_of in (whole, gone):
        _add_time(parser_of)
    whole.set_defaults(run=run_completeness)
    gone.set_defaults(run=run_erasures)


def _add_time(whole: argparse.ArgumentParser) -> None:
    whole.add_argument("--from", dest="begin", metavar="T", help="began at or after this time (ISO 8601, the site's zone)")
    whole.add_argument("--to", dest="end", metavar="T", help="began before this time; a date means to the end of that day")
    whole.add_argument("--json", action="store_true", help="print one JSON object")


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


def run_erasures(arguments: argparse.Namespace) -> int:
    """Print the report. Exit code 4 where a proof does not hold."""
    box = Box.of(arguments)
    zone = box.config.site.zone
    begin, end = moment_of(arguments.begin, zone, "--from"), moment_of(arguments.end, zone, "--to", end_of_day=True)
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        found = erasures.report(ledger, keys.signing_public(box.folders.keys), begin, end)
    if arguments.json:
        print(json.dumps(erasures.as_json(found, zone), ensure_ascii=False))
    else:
        print("\n".join(erasures.lines(found, zone)).rstrip())
    if bad := sum(bool(one.problem) for one in found.erased):
        raise CouldNotError(f"{bad} proofs of erasure do not hold; each is named above")
    return 0
