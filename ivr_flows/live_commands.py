"""`appliance ivr run`: the service."""

from __future__ import annotations

import argparse
from typing import Any

from appliance import logs
from appliance.box import Box

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(words: Commands, common: argparse.ArgumentParser) -> None:
    """The word `run`."""
    parser = words.add_parser("run", parents=[common], help="the service: takes the calls that Asterisk hands to flows")
    parser.add_argument("--ari-port", type=int, default=8088, metavar="PORT", help="Asterisk's HTTP port on this machine")
    parser.add_argument("--ami-port", type=int, default=5038, metavar="PORT", help="Asterisk's manager port on this machine")
    parser.add_argument(
        "--canary", type=float, default=300.0, metavar="S", help="seconds between canary calls (default: 300); 0: none"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    from ivr_flows import running

    logs.set_up("ivr")
    return running.run(Box.of(arguments), ari_port=arguments.ari_port, ami_port=arguments.ami_port, canary_s=arguments.canary)
