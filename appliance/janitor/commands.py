"""What the janitor offers on the command line: `appliance janitor run`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from appliance import logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.service import Service

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance janitor run`."""
    parser = commands.add_parser("janitor", help="tidy: let settled spool go, retention, health")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    run = actions.add_parser("run", parents=[common], help="tidy for ever (the service)")
    run.add_argument("--once", action="store_true", help="one round, and exit")
    run.set_defaults(run=run_janitor)


def run_janitor(arguments: argparse.Namespace) -> int:
    """Tidy until told to stop."""
    from appliance.janitor.work import Janitor, power_lost

    logs.set_up("janitor")
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        if arguments.once:  # without a bell: it is the service's, which may be running
            Janitor(box, ledger, SystemClock()).step()
        else:
            service = Service("janitor", box.folders)
            now = service.clock.now()
            lost = power_lost(ledger, box.config.site.serial, now - time.clock_gettime_ns(time.CLOCK_BOOTTIME), now)
            if lost is not None:
                ledger.append(lost)
            service.run(ledger, Janitor(box, ledger, service.clock).step)
    return 0
