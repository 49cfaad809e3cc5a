"""What the library offers on the command line: `calls`, `recordings` and `verify`."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from appliance import keys
from appliance.box import Box
from appliance.calls import as_json, recording_as_json
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.library.search import Query, find
from appliance.lookup import get_recording
from appliance.moments import from_iso, to_datetime
from appliance.numbers import pretty

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add_calls(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance calls`."""
    parser = commands.add_parser("calls", parents=[common], help="list calls, newest first")
    _filters(parser)
    parser.set_defaults(run=run_calls)


def add_recordings(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance recordings`."""
    parser = commands.add_parser("recordings", parents=[common], help="list recordings, newest first")
    _filters(parser)
    parser.set_defaults(run=run_recordings)


def add_verify(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance verify ID|--all`."""
    parser = commands.add_parser("verify", parents=[common], help="check hashes, chain and signatures of recordings")
    parser.add_argument("id", nargs="*", metavar="ID", help="ids of recordings or of their calls")
    parser.add_argument("--all", action="store_true", help="every recording, and the chain without a gap")
    parser.add_argument("--json", action="store_true", help="print one JSON object a recording")
    parser.set_defaults(run=run_verify)


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--number", default="", metavar="N", help="part of a number (or name) of either side")
    parser.add_argument("--from", dest="begin", metavar="T", help="began at or after this time (ISO 8601, the site's zone)")
    parser.add_argument("--to", dest="end", metavar="T", help="began before this time; a date means to the end of that day")
    parser.add_argument("--direction", choices=("inbound", "outbound", "internal", "unknown"), default="", help="which way")
    parser.add_argument("--limit", type=int, default=100, metavar="COUNT", help="at most so many (default: 100)")


def _query(arguments: argparse.Namespace, zone: ZoneInfo, outcome: str) -> Query:
    return Query(
        number=arguments.number,
        begin=_moment(arguments.begin, zone, "--from"),
        end=_moment(arguments.end, zone, "--to", end_of_day=True),
        direction=arguments.direction,
        outcome=outcome,
        limit=max(1, arguments.limit),
    )


def _moment(text: str | None, zone: ZoneInfo, option: str, *, end_of_day: bool = False) -> int | None:
    if not text:
        return None
    try:
        moment = from_iso(text, zone)
        if end_of_day and len(text) == 10:
            following = to_datetime(moment, zone) + timedelta(days=1)
            moment = from_iso(following.replace(tzinfo=None).isoformat(), zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text}: is no time; write it like 2026-11-22 or 2026-11-22T09:30") from error
    return moment


def run_calls(arguments: argparse.Namespace) -> int:
    """List calls."""
    box = Box.of(arguments)
    zone = box.config.site.zone
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        for call in find(ledger.connection, _query(arguments, zone, "")).calls:
            recording = get_recording(ledger.connection, call.id) if call.recording else None
            if arguments.json:
                print(json.dumps(as_json(call, recording, zone, str(box.folders.recordings.absolute())), ensure_ascii=False))
                continue
            caller = pretty(call.caller, call.caller_e164) or call.caller_reason or "?"
            outcome = f"recorded {recording.facts.seconds:.0f} s" if recording else (call.not_recorded or "open")
            began = to_datetime(call.started_at, zone)
            called = pretty(call.called, call.called_e164)
            print(f"{call.id}  {began:%Y-%m-%d %H:%M:%S}  {call.direction:8}  {caller} → {called}  {outcome}")
    return 0


def run_recordings(arguments: argparse.Namespace) -> int:
    """List recordings."""
    box = Box.of(arguments)
    zone = box.config.site.zone
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        for call in find(ledger.connection, _query(arguments, zone, "recorded")).calls:
            recording = get_recording(ledger.connection, call.id)
            if recording is None:
                continue
            facts = recording.facts
            if arguments.json:
                found = recording_as_json(recording, zone, str(box.folders.recordings.absolute()))
                print(json.dumps(found, ensure_ascii=False))
                continue
            began = to_datetime(facts.started_at, zone)
            state = "stored" if recording.stored_at else ("parked" if recording.parked else "waits for the store")
            numbers = f"{pretty(call.caller, call.caller_e164) or call.caller_reason} → {pretty(call.called, call.called_e164)}"
            print(f"{facts.recording}  {began:%Y-%m-%d %H:%M:%S}  {facts.seconds:7.1f} s  {facts.format}  {numbers}  {state}")
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Check recordings. Exit code 4 where one does not hold."""
    from appliance.library.verification import verify_all, verify_one

    if bool(arguments.id) == bool(arguments.all):
        raise UsageError("verify: name recordings, or use --all")
    box = Box.of(arguments)
    public, identities = keys.signing_public(box.folders.keys), keys.identities_in(box.folders.keys)
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        if arguments.all:
            verdicts = verify_all(box.folders, ledger, public, identities)
        else:
            found = {name: get_recording(ledger.connection, name) for name in arguments.id}
            if missing := [name for name, recording in found.items() if recording is None]:
                raise UsageError(f"{missing[0]}: there is no such recording; `appliance recordings` lists them")
            verdicts = iter([verify_one(box.folders, recording, public, identities) for recording in found.values() if recording])
        checked = failed = 0
        for verdict in verdicts:
            checked += 1
            failed += bool(verdict.problems)
            if arguments.json:
                print(json.dumps({
                    "recording": verdict.recording, "holds": not verdict.problems, "problems": verdict.problems,
                    "opened": verdict.opened, "local": verdict.local,
                }, ensure_ascii=False))  # fmt: skip
            elif verdict.problems:
                print(f"{verdict.recording}: {'; '.join(verdict.problems)}")
            elif not arguments.all:
                depth = "sealed file, audio, manifest and signature hold" if verdict.opened else "sealed file and signature hold"
                print(f"{verdict.recording}: {depth}")
    if failed:
        raise CouldNotError(f"{failed} of {checked} recordings do not hold")
    if arguments.all and not arguments.json:
        print(f"{checked} recordings hold, the chain has no gap")
    return 0
