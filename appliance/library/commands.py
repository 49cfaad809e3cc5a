"""What the library offers on the command line for looking things up: `calls`, `recordings` and `verify`."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance import checkpoints, keys
from appliance.box import Box
from appliance.calls import as_json, recording_as_json
from appliance.errors import CouldNotError, UsageError
from appliance.ids import is_id
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
    """`appliance verify ID|--all|DIR`."""
    parser = commands.add_parser("verify", parents=[common], help="check hashes, chain, signatures and checkpoints, or a bundle")
    parser.add_argument(
        "id", nargs="*", metavar="ID|DIR", help="ids of recordings or of their calls; or an evidence bundle's folder"
    )
    parser.add_argument("--all", action="store_true", help="every recording, the chain without a gap, every checkpoint")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="with --all: one that was kept elsewhere"
    )
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
        begin=moment_of(arguments.begin, zone, "--from"),
        end=moment_of(arguments.end, zone, "--to", end_of_day=True),
        direction=arguments.direction,
        outcome=outcome,
        limit=max(1, arguments.limit),
        once=True,
    )


def moment_of(text: str | None, zone: ZoneInfo, option: str, *, end_of_day: bool = False) -> int | None:
    """The moment that an option names; None where it is not given. Raises UsageError."""
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
            outcome += ", erased" if recording is not None and recording.erased_at is not None else ""
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
    from appliance.library.verification import verify_all, verify_checkpoints, verify_one

    if bool(arguments.id) == bool(arguments.all):
        raise UsageError("verify: name recordings, a bundle's folder, or use --all")
    if len(arguments.id) == 1 and arguments.id[0] and not is_id(arguments.id[0]) and Path(arguments.id[0]).is_dir():
        return _verify_bundle(arguments)
    box = Box.of(arguments)
    more = [checkpoints.read_file(path) for path in arguments.checkpoint]
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
        wrong = verify_checkpoints(box, ledger, public, more) if arguments.all else []
    for problem in wrong:
        print(json.dumps({"problem": problem}, ensure_ascii=False) if arguments.json else problem)
    if failed or wrong:
        raise CouldNotError(
            f"{failed} of {checked} recordings do not hold" + (f", and {len(wrong)} things about the chain" if wrong else "")
        )
    if arguments.all and not arguments.json:
        print(f"{checked} recordings hold, the chain has no gap")
    return 0


def _verify_bundle(arguments: argparse.Namespace) -> int:
    """Check an evidence bundle, and that it is this box's. Exit code 4 where it does not hold."""
    from appliance.library.bundle import verify

    box = Box.of(arguments)
    found = verify.check(Path(arguments.id[0]))
    key = keys.signing_public(box.folders.keys)
    if not found.problems and key is not None and found.key != key:
        found.problems.append(
            f"signature.json: is of another box, contract {found.contract} (key {found.key[:16]}…); this one is {key[:16]}…"
        )
    if arguments.json:
        print(json.dumps({"bundle": arguments.id[0], "holds": not found.problems, "problems": found.problems}, ensure_ascii=False))
    else:
        print("\n".join(found.problems or found.said))
    if found.problems:
        raise CouldNotError(f"{arguments.id[0]}: the bundle does not hold ({len(found.problems)} problems)")
    return 0
