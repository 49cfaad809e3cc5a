"""The command line (design §9): finds what rooms and wings offer through entry points, and turns errors into exit codes.

Group `appliance.commands`: the name is the command's word, the value a function `add(commands, common)` that adds its parser to
`commands` (argparse sub-parsers) with `parents=[common]` and sets `run`, a function of the parsed arguments that returns the exit
code. Only the module of the word that was typed is imported, so that a service starts fast.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from appliance import __version__
from appliance.errors import ApplianceError
from appliance.logs import say

GROUP = "appliance.commands"
_ORDER = (
    "demo", "replay", "calls", "recordings", "open", "verify", "evidence", "hold", "release", "label", "erase", "report", "status",
    "doctor", "config",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 2 used wrongly, 3 configuration wrong, 4 could not."""
    code = _main(argv)
    try:
        sys.stderr.flush()
    except OSError:  # a full log: what we had to say goes nowhere, the exit code says it
        _silence(sys.stderr)
    return code


def _main(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no Japanese still hears all of it
    arguments = _parser(words).parse_args(words)
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()  # a reader that went away shows here, not after us
        return code
    except ApplianceError as error:
        say(f"appliance: {error}")
        return error.exit_code
    except BrokenPipeError:
        _silence(sys.stdout)
        return 0
    except OSError as error:  # what no room or wing has given a sentence: above all a full disk that our output goes to
        say(f"appliance: {error.filename or 'the output'}: {error.strerror or error}; nothing was lost")
        _silence(sys.stdout)
        return 4
    except KeyboardInterrupt:
        return 130


def _silence(stream: TextIO) -> None:
    """Let what is still buffered go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("common options")
    group.add_argument("--data", type=Path, metavar="DIR", help="the box's folder (default: ./var)")
    group.add_argument("--config", type=Path, metavar="FILE", help="its configuration (default: DIR/appliance.toml)")
    parser = argparse.ArgumentParser(
        prog="appliance",
        description="Records an office's telephone calls from a mirror port, shows who is calling, seals and stores.",
        epilog="Exit codes: 0 done, 2 used wrongly, 3 configuration wrong, 4 could not (and nothing was lost).",
    )
    parser.add_argument("--version", action="version", version=f"appliance {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for entry in _entries(words):
        entry.load()(commands, common)
    return parser


def _entries(words: Sequence[str]) -> list[importlib.metadata.EntryPoint]:
    found = {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
    typed = next((word for word in words if not word.startswith("-")), "")
    if typed in found and words[0] == typed:
        return [found[typed]]
    ranks = {name: rank for rank, name in enumerate(_ORDER)}
    return [found[name] for name in sorted(found, key=lambda name: (ranks.get(name, len(ranks)), name))]
