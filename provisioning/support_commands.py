"""`appliance support open|close|show`, and what sshd asks: `principals`, `session`."""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.moments import SECOND, isoformat


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """`appliance support`."""
    parser = commands.add_parser("support", help="let support in by SSH for some hours; every session is written down")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    door = actions.add_parser("open", parents=[common], help="open the door; it closes by itself")
    door.add_argument("--hours", type=float, default=4.0, metavar="N", help="for how long (default: 4, at most 24)")
    door.add_argument("--who", required=True, metavar="NAME", help="whose certificate (its principal)")
    door.add_argument("--why", required=True, metavar="TEXT", help="the reason, for the audit")
    door.set_defaults(run=run_open)
    for word, told, run in (
        ("close", "close the door", run_close),
        ("show", "whether it is open, for whom, until when", run_show),
        ("principals", "for sshd: whom a certificate may name now", run_principals),
        ("session", "for sshd: one session, written down", run_session),
    ):
        actions.add_parser(word, parents=[common], help=told).set_defaults(run=run)


def run_open(arguments: argparse.Namespace) -> int:
    """Open it."""
    from provisioning import support

    box = Box.of(arguments)
    door = support.open_door(box, arguments.hours, arguments.who, arguments.why, _me(), SystemClock().now())
    print(f"open for {door.who} until {isoformat(door.until, box.config.site.zone)[:19]}")
    return 0


def run_close(arguments: argparse.Namespace) -> int:
    """Close it."""
    from provisioning import support

    print("closed" if support.close_door(Box.of(arguments), _me(), SystemClock().now()) else "it was closed already")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Say how it stands."""
    from provisioning import support

    box = Box.of(arguments)
    door = support.opened(box, SystemClock().now())
    until = f"open for {door.who} until {isoformat(door.until, box.config.site.zone)[:19]}: {door.why}" if door else "closed"
    print(until)
    return 0


def run_principals(arguments: argparse.Namespace) -> int:
    """Print whom a certificate may name; nothing where the door is closed."""
    from provisioning import support

    door = support.opened(Box.of(arguments), SystemClock().now())
    if door is not None:
        print(door.who)
    return 0


def run_session(arguments: argparse.Namespace) -> int:
    """Greet with the box's state, run the shell (or the command) no longer than the door is open, write down both ends."""
    from provisioning import support

    box, clock = Box.of(arguments), SystemClock()
    door = support.opened(box, clock.now())
    if door is None:
        raise CouldNotError("support is closed; somebody at the site opens it: appliance support open")
    command = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    where = os.environ.get("SSH_CONNECTION", "").partition(" ")[0] or "here"
    support.note(box, door.who, f"session from {where}: {command or 'shell'}", door.why, clock.now())
    if not command:
        print(f"{box.config.site.name or box.config.site.contract}, box {box.config.site.serial}: {door.why}", flush=True)
        subprocess.run(["/usr/bin/appliance", "status", "--data", str(box.folders.data)], check=False)  # noqa: S603
    shell = pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh"
    words = [shell, "-c", command] if command else [shell, "-l"]
    left = max(1, (door.until - clock.now()) // SECOND)
    code = subprocess.run(["timeout", "--foreground", "--kill-after=5", str(left), *words], check=False).returncode  # noqa: S603, S607
    support.note(box, door.who, f"session ended ({code})", door.why, clock.now())
    return code


def _me() -> str:
    return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
