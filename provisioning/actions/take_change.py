"""`provisioning take-change`: do what the console's pages asked of root (the unit appliance-take-change)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance import logs
from appliance.box import Box


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    parser = actions.add_parser("take-change", parents=[common], help="do what pages asked of root: changed settings and the like")
    parser.set_defaults(run=run_take)


def run_take(arguments: argparse.Namespace) -> int:
    """Do all that waits."""
    from appliance.root_requests import is_installed
    from provisioning.actions.system import runner
    from provisioning.taking import take

    logs.set_up("take-change")
    box = Box.of(arguments)
    for answer in take(box, runner(Path("/")) if is_installed(box) else None):
        print(f"{answer.do} by {answer.who}: {answer.said if answer.said else 'done'}")
    return 0
