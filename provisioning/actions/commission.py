"""`provisioning commission`: the opening test with one call, and its signed report as HTML and JSON."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from appliance import lookup
from appliance.box import Box
from appliance.calls import Call
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    test = actions.add_parser("commission", parents=[common], help="the opening test (開通試験) with one call; a signed report")
    test.add_argument("--who", required=True, metavar="NAME", help="who tests")
    test.add_argument("--call", default="", metavar="ID", help="the test call (default: the next one that is recorded)")
    test.add_argument("--popup-seen", action="store_true", help="the card was seen on a PC while the phone rang")
    test.add_argument("--without-notices", action="store_true", help="the customer wants to be told of nothing")
    test.add_argument("--minutes", type=float, default=10.0, metavar="N", help="how long to wait for the call (default: 10)")
    test.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where the report goes (default: commission/ in the box's folder)"
    )
    test.set_defaults(run=run_commission)


def run_commission(arguments: argparse.Namespace) -> int:
    """Test, write the report, and say which steps failed. Exit code 4 where one did."""
    from provisioning import commission

    box, clock = Box.of(arguments), SystemClock()
    asked = commission.Asked(who=arguments.who, popup_seen=arguments.popup_seen, without_notices=arguments.without_notices)
    with Ledger.open(box.folders.ledger) as ledger:
        call = _call(box, ledger, arguments.call, arguments.minutes)
        folder = arguments.output or box.folders.data / "commission"
        signed, steps, place = commission.carry_out(box, ledger, call, asked, clock.now(), folder)
    for step in steps:
        print(
            f"{'ok  ' if step.passed else 'FAIL'}  {step.english} ({step.found})" + (f"\n      → {step.mend}" if step.mend else "")
        )
    print(f"report: {place}.html")
    if failed := [step.name for step in steps if not step.passed]:
        raise CouldNotError(f"the opening test is not passed: {', '.join(failed)}; mend it and test again")
    print(f"passed: the service starts on {signed.facts['service_starts']}, its bill on {signed.facts['billing_starts']}")
    return 0


def _call(box: Box, ledger: Ledger, named: str, minutes: float) -> Call:
    """The test call, waited for until it is stored or the time is over. Raises CouldNotError."""
    begun, end = time.time_ns(), time.monotonic() + minutes * 60
    query = "SELECT id FROM call WHERE started_at > ? AND ended_at IS NOT NULL AND main IS NULL ORDER BY started_at DESC LIMIT 1"
    if not named:
        print("make a test call now: from outside to the site, talk on both sides for ten seconds, hang up", file=sys.stderr)
    while True:
        row = ledger.connection.execute(query, (begun - 60 * SECOND,)).fetchone() if not named else (named,)
        call = lookup.get_call(ledger.connection, row[0]) if row else None
        if named and call is None:
            raise CouldNotError(f"{named}: there is no such call; `appliance calls` lists them")
        recording = lookup.get_recording(ledger.connection, call.id) if call else None
        settled = call is not None and (
            call.not_recorded is not None or (recording is not None and recording.stored_at is not None)
        )
        if call is not None and (settled or named or time.monotonic() > end):
            return call
        if time.monotonic() > end:
            raise CouldNotError(f"no call was seen in {minutes:g} minutes; appliance capture check says what the mirror carries")
        time.sleep(1.0)
