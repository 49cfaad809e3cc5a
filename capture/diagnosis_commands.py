"""Diagnosis on the command line: `appliance capture diagnose|take|captures|ladder`."""

from __future__ import annotations

import argparse
import getpass
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from appliance import diagnosis, logs, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import to_datetime
from appliance.service import Service

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""
LOOK_S = 0.5
TIDY_S = 60.0


def add(services: Commands, common: argparse.ArgumentParser) -> None:
    """The four of them, below `appliance capture`."""
    diagnose = services.add_parser("diagnose", parents=[common], help="take captures when asked (needs CAP_NET_RAW)")
    diagnose.add_argument("--interface", default="", metavar="NAME", help="interface to listen on (default: capture.interface)")
    diagnose.set_defaults(run=run_diagnose)
    take = services.add_parser(
        "take", parents=[common], help="take a capture (pcap) of the mirror port: signalling whole, of speech the headers alone"
    )
    take.add_argument("--seconds", type=float, default=30.0, metavar="N", help="how long, up to 300 (default: 30)")
    take.add_argument("--number", default="", metavar="X", help="only calls that begin meanwhile, from or to this number")
    take.add_argument("--whole", action="store_true", help="with speech, of never-recorded and paused calls too; needs --why")
    take.add_argument("--why", default="", metavar="WORDS", help="the reason, kept in the register")
    take.add_argument("-o", "--output", type=Path, metavar="FILE.pcap", help="a copy of it (default: it is kept on the box only)")
    take.set_defaults(run=run_take)
    listed = services.add_parser("captures", parents=[common], help="the captures that are kept")
    listed.add_argument("--json", action="store_true", help="print one JSON object a capture")
    listed.set_defaults(run=run_captures)
    drawn = services.add_parser("ladder", parents=[common], help="the SIP messages and RTP streams of a capture (needs tshark)")
    drawn.add_argument("file", metavar="FILE", help="a capture file, or the name of a capture that is kept")
    drawn.add_argument("--call-id", default="", metavar="ID", help="only this call (its Call-ID, as --json names it)")
    drawn.add_argument("--svg", type=Path, metavar="OUT.svg", help="draw it into this file")
    drawn.add_argument("--json", action="store_true", help="print one JSON object")
    drawn.set_defaults(run=run_ladder)


def run_diagnose(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from capture.diagnosing import Diagnosing

    logs.set_up("diagnose")
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        service = Service("diagnose", box.folders)
        diagnosing = Diagnosing(box, service.clock, arguments.interface)

        def step() -> float:
            diagnosing.tidy()
            return TIDY_S

        service.run(ledger, step)
        diagnosing.close()
    return 0


def run_take(arguments: argparse.Namespace) -> int:
    """Ask for a capture and wait for it."""
    folders = Box.of(arguments).folders
    request = {
        "do": "take", "who": getpass.getuser(), "why": arguments.why, "seconds": arguments.seconds, "whole": arguments.whole,
        "number": arguments.number,
    }  # fmt: skip
    name = str(diagnosis.ask(folders.run, request)["name"])
    try:
        while (running := diagnosis.ask(folders.run, {"do": "look"})["running"]) is not None and running["name"] == name:
            if sys.stderr.isatty():
                print(f"\r{running['left']:5.0f} s left, {running['frames']} frames  ", end="", file=sys.stderr, flush=True)
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        diagnosis.ask(folders.run, {"do": "stop", "who": getpass.getuser()})
        raise
    found = diagnosis.get(folders, name)
    if arguments.output is not None:
        with found.path.open("rb") as source, shelf.create(arguments.output.absolute()) as copy:
            shutil.copyfileobj(source, copy)
    counts = found.counts
    print(
        f"\r{name}: {found.seconds} s, {found.bytes} bytes, {counts.get('sip', 0)} SIP messages, {counts.get('rtp', 0)} RTP packets",
        file=sys.stderr,
    )
    print(name)
    return 0


def run_captures(arguments: argparse.Namespace) -> int:
    """List them."""
    box = Box.of(arguments)
    for found in diagnosis.kept(box.folders):
        told = {
            "name": found.name, "at": found.at, "who": found.who, "why": found.why, "seconds": found.seconds, "whole": found.whole,
            "number": found.number, "bytes": found.bytes, "counts": dict(found.counts), "dropped": found.dropped, "ended": found.ended,
        }  # fmt: skip
        if arguments.json:
            print(json.dumps(told, ensure_ascii=False))
            continue
        what = "with speech" if found.whole else "without speech"
        print(
            f"{found.name}  {to_datetime(found.at, box.config.site.zone):%Y-%m-%d %H:%M}  {found.seconds:6.1f} s  "
            f"{found.bytes:>10} bytes  {what}  {found.who}  {found.why}"
        )
    return 0


def run_ladder(arguments: argparse.Namespace) -> int:
    """Lay a capture out."""
    from capture import ladder, tshark

    folders = Box.of(arguments).folders
    path = diagnosis.get(folders, arguments.file).path if diagnosis.is_name(arguments.file) else Path(arguments.file)
    found = ladder.report(tshark.read(path), arguments.call_id)
    if arguments.svg is not None:
        shelf.write(arguments.svg.absolute(), ladder.svg(found).encode())
    if arguments.json:
        print(json.dumps(ladder.as_json(found), ensure_ascii=False))
        return 0
    if not found.calls and not found.steps and not found.streams:
        raise CouldNotError(f"{path}: holds no call; was one made while it was taken?")
    for call in found.calls:
        print(f"call {ladder.clean(call.call_id)}  {call.caller} → {call.called}  {call.status or 'no answer seen'}")
    print("\n".join(ladder.text(found)))
    return 0
