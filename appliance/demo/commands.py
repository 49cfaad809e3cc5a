"""`appliance demo`: the whole box in one terminal, on the sample calls that come with it."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance import keys
from appliance.box import DEFAULT_DATA, Box
from appliance.clock import SystemClock
from appliance.demo.stage import Stage, StageError
from appliance.demo.supervisor import Supervisor, tied
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.web.accounts import FIRST_ACCOUNT, Accounts
from appliance.web.serve import address

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""

SAMPLES = Path(__file__).parent / "samples"
ORDER = ("inbound", "missed", "anonymous", "internal", "outbound", "counselling")
PROGRAM = (sys.executable, "-m", "appliance")
SETTINGS = Path(__file__).parent / "appliance.toml"


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance demo`."""
    parser = commands.add_parser("demo", parents=[common], help="the whole box on sample calls, in ./var")
    parser.add_argument("--host", metavar="H", help="the console's address (default: web.host)")
    parser.add_argument("--port", type=int, metavar="P", help="the console's port (default: web.port)")
    parser.add_argument("--no-calls", action="store_true", help="start the services, play nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the box until Ctrl-C."""
    data: Path = arguments.data or DEFAULT_DATA
    _furnish(data, arguments.config)
    box = Box.at(data, arguments.config)
    host, port = arguments.host or box.config.web.host, arguments.port or box.config.web.port
    password = _first_password(box)
    os.environ.setdefault("APPLIANCE_LOG", "warning")
    common = ["--data", str(data), *(["--config", str(arguments.config)] if arguments.config else [])]
    with contextlib.ExitStack() as stack:
        stage, why = _stage(stack)
        supervisor = Supervisor(_say)
        stack.callback(supervisor.stop)
        if stage is not None:
            supervisor.add("capture", *PROGRAM, "capture", "tap", "--interface", stage.tap, *common)
            supervisor.add("diagnose", *PROGRAM, "capture", "diagnose", "--interface", stage.tap, *common)
        supervisor.add("render", *PROGRAM, "capture", "render", *common)
        supervisor.add("listen", *PROGRAM, "capture", "listen", *common)
        supervisor.add("uploader", *PROGRAM, "uploader", "run", *common)
        supervisor.add("janitor", *PROGRAM, "janitor", "run", *common)
        supervisor.add("web", *PROGRAM, "web", "serve", "--host", host, "--port", str(port), *common)
        if not supervisor.wait_ready(60.0) and not supervisor.stopping:
            late = ", ".join(child.name for child in supervisor.children.values() if not child.ready)
            raise CouldNotError(f"these services did not start: {late}; what they said stands above")
        if not supervisor.stopping:
            _greet(address(host, port), password, stage, why)
            _keep(supervisor, [] if arguments.no_calls else _sample_calls(stage, common))
    print("stopped; everything recorded is kept in", data)
    return 0


def _furnish(data: Path, config: Path | None) -> None:
    """A configuration with the samples' lines, where there is none."""
    if config is None and not (data / "appliance.toml").exists():
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o750)
            shutil.copyfile(SETTINGS, data / "appliance.toml")
        except OSError as error:
            raise CouldNotError(f"{data}: cannot be written ({error.strerror}); name another folder with --data") from error


def _first_password(box: Box) -> str | None:
    """A one-time password, as long as nobody has chosen a lasting one. Makes the keys too."""
    clock = SystemClock()
    keys.signing_key(box.folders.keys)
    keys.playback_recipient(box.folders.keys, clock.now())
    with Ledger.open(box.folders.ledger) as ledger:
        accounts = Accounts(ledger, clock.now, box.config.web.session_hours)
        return None if accounts.has_lasting_password(FIRST_ACCOUNT) else accounts.one_time_password(FIRST_ACCOUNT)


def _stage(stack: contextlib.ExitStack) -> tuple[Stage | None, str]:
    try:
        return stack.enter_context(Stage()), ""
    except StageError as error:
        return None, str(error)


def _greet(where: str, password: str | None, stage: Stage | None, why: str) -> None:
    lines = ["", f"  Console:            {where}", f"  Name:               {FIRST_ACCOUNT}"]
    if password is not None:
        lines.append(f"  One-time password:  {password}")
    else:
        lines.append("  Password:           the one you chose (forgotten: appliance web password)")
    how = f"live, on {stage.tap}" if stage is not None else f"through replay, because {why}"
    lines += [f"  Sample calls:       {how}", "  Stop:               Ctrl-C", ""]
    print("\n".join(lines), flush=True)


def _sample_calls(stage: Stage | None, common: list[str]) -> list[list[str]]:
    """The commands that bring the samples: one that plays them all live, or one replay for each."""
    files = [str(SAMPLES / name / "capture.pcap") for name in ORDER]
    if stage is not None:
        return [[*PROGRAM, "capture", "play", "--interface", stage.play, "--stagger", "6", *files]]
    return [[*PROGRAM, "replay", *common, file] for file in files]


def _keep(supervisor: Supervisor, commands: list[list[str]]) -> None:
    """Keep the box running; bring the sample calls meanwhile."""
    with _Players(commands) as players:
        while not supervisor.stopping:
            supervisor.round(0.2)
            if players.finished():
                _say("the sample calls are over; the box goes on listening")


class _Players:
    """Runs commands one after the other beside the box."""

    def __init__(self, commands: list[list[str]]) -> None:
        self._commands: Iterator[list[str]] = iter(commands)
        self._process: subprocess.Popen[bytes] | None = None
        self._done = not commands

    def __enter__(self) -> _Players:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def finished(self) -> bool:
        """Whether the last command has just ended."""
        if self._done or (self._process is not None and self._process.poll() is None):
            return False
        command = next(self._commands, None)
        if command is None:
            self._done = True
            return True
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=tied())  # noqa: PLW1509, S603
        return False


def _say(text: str) -> None:
    print(f"appliance: {text}", file=sys.stderr, flush=True)
