"""`provisioning switch NAME on|off`: turn a day/night switch."""

from __future__ import annotations

import argparse
import getpass
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    parser = actions.add_parser("switch", parents=[common], help="turn a day/night switch of the telephone system")
    parser.add_argument("name", metavar="NAME", help="which ([[phone.switches]])")
    parser.add_argument("to", choices=("on", "off"), help="on: night")
    parser.set_defaults(run=run_switch)


def run_switch(arguments: argparse.Namespace) -> int:
    """Turn it."""
    from provisioning.night import turn

    who = f"command line ({getpass.getuser()})"
    print(turn(Box.of(arguments), arguments.name, arguments.to == "on", who, SystemClock().now()))
    return 0
