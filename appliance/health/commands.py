"""What the health room offers on the command line: `status` and `doctor`."""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance import __version__, doorbell, keys
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.health import report
from appliance.health.checks import Context, Severity
from appliance.ledger import Ledger
from appliance.moments import SECOND, isoformat

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add_status(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance status`."""
    parser = commands.add_parser("status", parents=[common], help="what the services last said, and how much waits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_status)


def add_doctor(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance doctor`."""
    parser = commands.add_parser("doctor", parents=[common], help="run every health check; each finding names its mend")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rebuild", action="store_true", help="bring a lost or damaged ledger back from folders and store")
    parser.add_argument(
        "--identity", type=Path, metavar="KEYFILE", help="with --rebuild: an age key file (default: the box's keys)"
    )
    parser.add_argument("--signer", default="", metavar="HEX", help="with --rebuild: the box's public key (default: keys/box.pub)")
    parser.add_argument("--backup", type=Path, metavar="FILE", help="with --rebuild: a backup (default: the newest on this box)")
    parser.set_defaults(run=run_doctor)


def status(box: Box, ledger: Ledger, now: int) -> dict[str, Any]:
    """The box in figures, with stable keys."""
    count = ledger.connection.execute(
        """SELECT count(*), count(recording), sum(recording IS NULL AND not_recorded IS NOT NULL),
           sum(ended_at IS NULL), sum(ended_at IS NOT NULL AND recording IS NULL AND not_recorded IS NULL) FROM call"""
    ).fetchone()
    jobs = ledger.connection.execute("SELECT kind, state, count(*) FROM job WHERE state != 'done' GROUP BY kind, state")
    stored = ledger.connection.execute("SELECT count(*), count(stored_at), coalesce(sum(bytes), 0) FROM recording").fetchone()
    return {
        "version": __version__,
        "data": str(box.folders.data.absolute()),
        "calls": {
            "seen": count[0], "recorded": count[1], "not_recorded": count[2] or 0, "open": count[3] or 0, "unsettled": count[4] or 0,
        },
        "recordings": {"count": stored[0], "stored": stored[1], "bytes": stored[2]},
        "jobs": [{"kind": kind, "state": state, "count": number} for kind, state, number in jobs],
        "services": [
            {
                "service": beat.service, "state": beat.state, "pid": beat.pid, "at": isoformat(beat.at, box.config.site.zone),
                "age": round((now - beat.at) / SECOND, 1), "detail": dict(beat.detail),
            }
            for beat in ledger.heartbeats()
        ],
    }  # fmt: skip


def run_status(arguments: argparse.Namespace) -> int:
    """Print the box in figures."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        facts = status(box, ledger, time.time_ns())
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    calls, kept = facts["calls"], facts["recordings"]
    print(f"appliance {facts['version']}, {facts['data']}")
    print(f"calls       {calls['seen']} seen: {calls['recorded']} recorded, {calls['not_recorded']} not (each with its reason), "
          f"{calls['open']} under way, {calls['unsettled']} being made")  # fmt: skip
    print(f"recordings  {kept['count']}, {kept['stored']} stored, {kept['bytes'] / 1e6:.1f} MB sealed")
    for job in facts["jobs"]:
        print(f"waiting     {job['count']} {job['kind']} ({job['state']})")
    for service in facts["services"]:
        print(
            f"{service['service']:11} {service['state']}, {service['age']:.0f} s ago, {service['detail'].get('megabytes', '?')} MB"
        )
    return 0


def run_doctor(arguments: argparse.Namespace) -> int:
    """Run the checks. Exit code 4 where one found an error."""
    box = Box.of(arguments)
    if arguments.rebuild:
        return _rebuild(box, arguments)
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        found = report.run(Context(box, ledger, time.time_ns()))
    versions = {
        "appliance": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
    }
    if arguments.json:
        findings = [
            {"check": name, "severity": item.severity.value, "what": str(item.what), "mend": str(item.mend)} for name, item in found
        ]
        print(json.dumps({"versions": versions, "findings": findings}, ensure_ascii=False))
    else:
        print(", ".join(f"{name} {version}" for name, version in versions.items()))
        for name, item in found:
            print(f"{item.severity.value:8} {name}: {item.what}\n{'':9}→ {item.mend}")
        if not found:
            print("all checks are content")
    errors = sum(item.severity is Severity.ERROR for _, item in found)
    if errors:
        raise CouldNotError(f"{errors} checks found an error; see above")
    return 0


def _rebuild(box: Box, arguments: argparse.Namespace) -> int:
    """Bring the ledger back. Exit code 4 where something could not be."""
    from appliance.health.rebuild import rebuild

    identities = keys.load_identities(arguments.identity) if arguments.identity else keys.identities_in(box.folders.keys)
    if not identities:
        raise UsageError(f"{box.folders.keys}: holds no key that could open anything; name one with --identity")
    if running := _running(box):
        raise CouldNotError(f"{running} is running; stop the services first, nothing was changed")
    done = rebuild(box, identities, SystemClock(), arguments.signer, arguments.backup)
    if arguments.json:
        print(json.dumps(asdict(done), ensure_ascii=False))
    else:
        if done.aside:
            print(f"the damaged ledger was moved to {done.aside}; {done.salvaged} records could be read from it")
        print(
            f"{done.recordings} recordings brought back from the folders, {done.stored} from the store, {done.present} were known; "
            f"{len(done.problems)} problems"
        )
        if done.kept:
            rows = ", ".join(f"{count} of {table}" for table, count in done.kept.items())
            print(f"{done.from_backup} records from the backup; what people entered: {rows}")
    for problem in (*done.lacks, *done.problems):
        print(f"appliance: {problem}", file=sys.stderr)
    return 4 if done.problems else 0


def _running(box: Box) -> str:
    """A service whose bell hangs and answers, "" where none does."""
    for bell in sorted(box.folders.run.glob("*.sock")) if box.folders.run.is_dir() else []:
        if doorbell.answers(bell):
            return bell.stem
    return ""
