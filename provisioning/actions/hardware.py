"""`provisioning hardware`: look at disks, clock and heat as root, and leave what was found for the health checks."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from appliance import hardware
from appliance.box import Box
from appliance.clock import SystemClock


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    look = actions.add_parser("hardware", parents=[common], help="look at disks, clock and heat, for the health checks")
    look.set_defaults(run=run_look)


def run_look(arguments: argparse.Namespace) -> int:
    """Look, write and print."""
    from provisioning.look import look

    facts = look(SystemClock().now())
    hardware.write(Box.of(arguments).folders, facts)
    print(json.dumps(asdict(facts)))
    return 0
