"""`provisioning serve`: telephones fetch their settings (the unit appliance-phones)."""

from __future__ import annotations

import argparse
from typing import Any

from appliance import logs
from appliance.box import Box
from appliance.clock import SystemClock


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    serve = actions.add_parser(
        "serve", parents=[common], help="give telephones their settings by MAC address, for ever (the service)"
    )
    serve.set_defaults(run=run_serve)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve."""
    from provisioning import serving

    logs.set_up("phones")
    serving.serve(Box.of(arguments), SystemClock())
    return 0
