"""Style and types are the machine's business: ruff, its formatter, and mypy in strict mode are content."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_the_checker_is_content(command: str) -> None:
    program, *words = command.split()
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *words], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
