"""What the console offers on the command line: `appliance web serve|password`."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from appliance import logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance web …`."""
    parser = commands.add_parser("web", help="the console")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    serve = actions.add_parser("serve", parents=[common], help="serve the console (the service)")
    serve.add_argument("--host", metavar="H", help="address to listen on (default: web.host); TLS where others can reach it")
    serve.add_argument("--port", type=int, metavar="P", help="port to listen on (default: web.port)")
    serve.set_defaults(run=run_serve)
    password = actions.add_parser("password", parents=[common], help="print a one-time password for an account")
    password.add_argument(
        "name", nargs="?", default="admin", metavar="NAME", help="the account (default: admin); made if it is new"
    )
    password.set_defaults(run=run_password)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve the console."""
    from appliance.web.serve import address, serve

    logs.set_up("web")
    box = Box.of(arguments)
    host, port = arguments.host or box.config.web.host, arguments.port or box.config.web.port
    logging.getLogger(__name__).info("the console is at %s", address(host, port))
    serve(box, host, port)
    return 0


def run_password(arguments: argparse.Namespace) -> int:
    """Print a one-time password."""
    from appliance.web.accounts import Accounts

    box = Box.of(arguments)
    clock = SystemClock()
    with Ledger.open(box.folders.ledger) as ledger:
        print(Accounts(ledger, clock.now, box.config.web.session_hours).one_time_password(arguments.name))
    return 0
