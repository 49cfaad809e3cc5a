"""`provisioning plan|apply`: what differs from the configuration, and make it so."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from appliance.box import Box


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    plan = actions.add_parser("plan", parents=[common], help="print what `apply` would change, and change nothing")
    apply = actions.add_parser(
        "apply", parents=[common], help="write Asterisk's files as the configuration says, load what changed"
    )
    apply.add_argument("--dry-run", action="store_true", help="as plan: change nothing")
    for parser in (plan, apply):
        parser.add_argument(
            "--target", type=Path, metavar="DIR", help="where Asterisk's files lie (default: beside its root, else /etc/asterisk)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
    plan.set_defaults(run=run_plan)
    apply.set_defaults(run=run_apply)


def run_plan(arguments: argparse.Namespace) -> int:
    """Print the difference."""
    from provisioning import exchange, plan

    box = Box.of(arguments)
    _, found = exchange.planned(box, arguments.target or exchange.folder_of(box))
    if arguments.json:
        waits = [change.name for change in found if change.waits_for_restart and not change.is_new]
        print(json.dumps({"changes": [change.name for change in found], "reloads": plan.reloads(found), "waits": waits}))
        return 0
    for change in found:
        print(f"{change.name} (new)" if change.is_new else change.difference)
    print(f"{len(found)} files differ" if found else "Asterisk's files are as the configuration says")
    return 0


def run_apply(arguments: argparse.Namespace) -> int:
    """Make it so."""
    from provisioning import exchange

    if arguments.dry_run:
        return run_plan(arguments)
    box = Box.of(arguments)
    done = exchange.apply(box, arguments.target or exchange.folder_of(box))
    if arguments.json:
        print(
            json.dumps({"written": list(done.written), "told": list(done.told), "waits": list(done.waits), "silent": done.silent})
        )
        return 0
    for name in done.written:
        print(f"{name}: written{', counts from the next start of Asterisk' if name in done.waits else ''}")
    print(f"{len(done.written)} files written, {len(done.told)} parts loaded again")
    if done.silent:
        print(f"appliance: {done.silent}", file=sys.stderr)
    return 0
