"""`provisioning system|confirm|take-back`: the machine itself (interfaces, firewall, time, name, SSH) as the configuration means it."""

from __future__ import annotations

import argparse
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """The words of this action."""
    system = actions.add_parser(
        "system", parents=[common], help="interfaces, firewall, time, name and SSH as the configuration says"
    )
    system.add_argument("--dry-run", action="store_true", help="print what would change, and change nothing")
    system.set_defaults(run=run_system)
    confirm = actions.add_parser("confirm", parents=[common], help="the box is still reached: keep its new address")
    confirm.set_defaults(run=run_confirm)
    back = actions.add_parser("take-back", parents=[common], help="undo a change of the address that nobody confirmed")
    back.add_argument("--wait", action="store_true", help="wait until its time is over, or somebody confirms")
    back.set_defaults(run=run_take_back)
    for parser in (system, back):
        parser.add_argument(
            "--root", type=Path, default=Path("/"), metavar="DIR", help="another machine's files; nothing is loaded"
        )


def run_system(arguments: argparse.Namespace) -> int:
    """Print or apply the difference."""
    from provisioning import system

    box, root = Box.of(arguments), arguments.root
    if root == Path("/"):
        system.check(box, [name for _, name in socket.if_nameindex() if name != "lo"])
    found = system.plan(box, root) if arguments.dry_run else system.apply(box, SystemClock().now(), runner(root), root)
    for one in found:
        print(one)
    print(f"{len(found)} files {'differ' if arguments.dry_run else 'written'}")
    if not arguments.dry_run and (box.folders.data / "system" / "trial.json").exists():
        print("the address is on trial for two minutes; keep it with: appliance provisioning confirm")
    return 0


def run_confirm(arguments: argparse.Namespace) -> int:
    """Keep it."""
    from provisioning import system

    print("the change stays" if system.confirm(Box.of(arguments)) else "nothing is on trial")
    return 0


def run_take_back(arguments: argparse.Namespace) -> int:
    """Undo it where its time is over."""
    from provisioning import system

    box, clock = Box.of(arguments), SystemClock()
    while arguments.wait and system.on_trial(box, clock.now()):
        time.sleep(1.0)
    undone = system.take_back(box, clock.now(), runner(arguments.root), arguments.root)
    print("nobody confirmed the change; everything is as before" if undone else "nothing to take back")
    return 0


def runner(root: Path) -> Any:
    """Runs commands on the machine; on another one's files none. They raise CouldNotError."""

    def run(command: Sequence[str]) -> None:
        if root != Path("/"):
            return
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own words
        except (OSError, subprocess.SubprocessError) as error:
            raise CouldNotError(f"{command[0]}: cannot be run ({error})") from error
        if done.returncode:
            raise CouldNotError(f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1:] or done.returncode}")

    return run
