"""`appliance provisioning …`: every action is one file in `actions/`, which adds its own words."""

from __future__ import annotations

import argparse
from typing import Any

from appliance import registry

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance provisioning`."""
    parser = commands.add_parser("provisioning", help="the box as it should be: apply, commission, back up, replace, wipe")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for module in registry.members("provisioning.actions").values():
        module.add(actions, common)
