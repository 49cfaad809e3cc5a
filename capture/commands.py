"""What the wing offers on the command line: `replay`, `open`, and `capture tap|render|listen|check|pause|resume|play`, and diagnosis."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import Any

from appliance import logs, registry, tap_control
from appliance.box import Box
from appliance.calls import as_json
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording
from appliance.moments import to_datetime
from appliance.numbers import pretty
from appliance.service import Service
from capture import diagnosis_commands

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add_replay(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance replay FILE`."""
    parser = commands.add_parser("replay", parents=[common], help="record a capture file (pcap, pcapng), render and seal its calls")
    parser.add_argument("file", type=Path, metavar="FILE", help="the capture file; .gz is understood")
    parser.add_argument("--json", action="store_true", help="print one JSON object a call")
    parser.set_defaults(run=run_replay)


def add_open(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance open ID`."""
    parser = commands.add_parser("open", parents=[common], help="decrypt and decode one recording to a WAV file")
    parser.add_argument("id", metavar="ID", help="id of the recording or of its call")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.wav", help="16-bit PCM, left caller, right called")
    parser.add_argument("--identity", type=Path, metavar="KEYFILE", help="an age key file (default: the box's keys folder)")
    parser.set_defaults(run=run_open)


def add_capture(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance capture tap|render|listen|check|pause|resume|play`."""
    parser = commands.add_parser("capture", help="the recorder's services")
    services = parser.add_subparsers(title="services", metavar="SERVICE", required=True)
    tap = services.add_parser("tap", parents=[common], help="listen on the mirror port (needs CAP_NET_RAW)")
    tap.add_argument("--interface", default="", metavar="NAME", help="interface to listen on (default: capture.interface)")
    tap.set_defaults(run=run_tap)
    render = services.add_parser("render", parents=[common], help="make recordings of what was captured")
    render.add_argument("--once", action="store_true", help="do what is due and exit")
    render.set_defaults(run=run_render)
    listen = services.add_parser("listen", parents=[common], help="hand out calls under way as sound, to the console")
    listen.set_defaults(run=run_listen)
    check = services.add_parser(
        "check", parents=[common], help="what a mirror port or a capture file carries, and what is wrong with it"
    )
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a capture file instead of an interface")
    check.add_argument("--interface", default="", metavar="NAME", help="interface to look at (default: capture.interface)")
    check.add_argument("--seconds", type=float, default=30.0, metavar="S", help="how long to look (default: 30)")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=run_check)
    for name, what in (
        ("pause", "keep nothing of a call from now on, until it is resumed"),
        ("resume", "record a paused call again"),
    ):
        command = services.add_parser(name, parents=[common], help=what)
        command.add_argument("call", metavar="CALL", help="id of the call under way (`appliance calls` lists them)")
        command.add_argument("--why", default="", metavar="WORDS", help="the reason, kept with it")
        command.set_defaults(run=run_pause, pause=name == "pause")
    play = services.add_parser(
        "play", parents=[common], help="play capture files onto an interface at their own pace (needs CAP_NET_RAW)"
    )
    play.add_argument("files", nargs="+", type=Path, metavar="FILE", help="capture files of Ethernet frames")
    play.add_argument("--interface", required=True, metavar="NAME", help="interface to send on")
    play.add_argument("--stagger", type=float, default=0.0, metavar="S", help="seconds between the beginnings of the files")
    play.set_defaults(run=run_play)
    diagnosis_commands.add(services, common)


def run_replay(arguments: argparse.Namespace) -> int:
    """Record a file."""
    from capture.replay import replay

    box = Box.of(arguments)
    done = replay(box, arguments.file)
    with Ledger.open(box.folders.ledger) as ledger:
        for call in done.calls:
            _print_call(box, ledger, call, as_lines=arguments.json)
    if not arguments.json:
        print(f"{len(done.calls)} calls in {done.frames} frames")
    if done.broken is not None:
        raise done.broken
    return 0


def _print_call(box: Box, ledger: Ledger, name: str, *, as_lines: bool) -> None:
    call = get_call(ledger.connection, name)
    if call is None:
        return
    recording = get_recording(ledger.connection, name)
    if as_lines:
        folder = str(box.folders.recordings.absolute())
        print(json.dumps(as_json(call, recording, box.config.site.zone, folder), ensure_ascii=False), flush=True)
        return
    caller = pretty(call.caller, call.caller_e164) or call.caller_reason or "?"
    began = to_datetime(call.started_at, box.config.site.zone)
    result = f"{recording.facts.seconds:.1f} s {recording.facts.recording}" if recording else f"not recorded: {call.not_recorded}"
    print(
        f"{began:%Y-%m-%d %H:%M:%S}  {call.direction:8}  {caller} → {pretty(call.called, call.called_e164)}  {call.end_reason}  {result}"
    )


def run_open(arguments: argparse.Namespace) -> int:
    """Decrypt and decode one recording."""
    from capture.opening import open_recording

    seconds = open_recording(Box.of(arguments), arguments.id, arguments.output, arguments.identity)
    print(f"{arguments.output}: {seconds:.3f} s", file=sys.stderr)
    return 0


def run_tap(arguments: argparse.Namespace) -> int:
    """Listen until told to stop."""
    from capture.tap import Tap, interface_of

    logs.set_up("capture")
    box = Box.of(arguments)
    Tap(box, Service("capture", box.folders), interface_of(box, arguments.interface)).run()
    return 0


def run_render(arguments: argparse.Namespace) -> int:
    """Render until told to stop, or what is due."""
    from capture.worker import Worker, lower_priority

    logs.set_up("render")
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, SystemClock())
        lower_priority()
        if arguments.once:
            while worker.one():
                pass
        else:
            Service("render", box.folders).run(ledger, worker.step)
    return 0


def run_listen(arguments: argparse.Namespace) -> int:
    """Hand out sound until told to stop."""
    from capture.listening import Listening

    logs.set_up("listen")
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        service = Service("listen", box.folders)
        listening = Listening(box, service.clock)

        def step() -> float:
            service.detail = {"listeners": listening.listeners}
            return 60.0

        service.run(ledger, step)
        listening.close()
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Look at what a mirror carries. Exit code 4 where calls cannot be recorded from it."""
    from capture import check
    from capture.tap import interface_of

    if arguments.file is not None:
        sight, dropped = check.of_file(arguments.file), 0
    else:
        interface = interface_of(Box.of(arguments), arguments.interface)
        sight, dropped = check.of_interface(interface, arguments.seconds, check.terminal())
    check.report(sight, dropped, as_json=arguments.json)
    return 0


def run_pause(arguments: argparse.Namespace) -> int:
    """Pause or resume."""
    run, who = Box.of(arguments).folders.run, getpass.getuser()
    tell = tap_control.pause if arguments.pause else tap_control.resume
    tell(run, arguments.call, who=who, why=arguments.why)
    print(f"call {arguments.call}: {'paused' if arguments.pause else 'recorded again'}", file=sys.stderr)
    return 0


def run_play(arguments: argparse.Namespace) -> int:
    """Play capture files."""
    from capture.play import play

    print(f"{play(arguments.interface, arguments.files, arguments.stagger)} frames sent", file=sys.stderr)
    return 0


def check_config(box: Box) -> None:
    """What the wing has to say of the configuration. Raises ConfigError."""
    told = box.config.capture
    if told.pause_digits and told.pause_digits == told.resume_digits:
        raise box.source.problem(("capture", "resume_digits"), "is what pauses too; choose other keys")
    known = registry.names("capture.formats")
    if box.config.capture.format not in known:
        what = f"{box.config.capture.format!r} is not one of {', '.join(known)}; choose one of them"
        raise box.source.problem(("capture", "format"), what)
