"""The command line as a person uses it: a process of its own, its exit code and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "appliance")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said before it ended."""

    out: str
    error: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects of its standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one sentence on standard error that says why it could not; AssertionError where it is none."""
        (line,) = self.error.splitlines()
        assert line.startswith("appliance: "), line
        return line.removeprefix("appliance: ")


def appliance(*words: str | Path, code: int = 0) -> Said:
    """Run `appliance WORDS`; AssertionError where it ends with another exit code."""
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return Said(done.stdout, done.stderr)
