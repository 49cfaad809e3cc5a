"""What a speech engine is, and the one error that it has."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

from appliance.errors import CouldNotError

PATIENCE_S = 60
LONGEST = 2000
"""Letters of one prompt."""


class EngineError(CouldNotError):
    """The words could not be spoken; the sentence says why."""


class Engine(Protocol):
    """What a file of `engines/` offers."""

    LANGUAGES: tuple[str, ...]
    """What it speaks, the language that it speaks best first."""

    def available(self) -> str:
        """ "" where it is installed; otherwise what has to be."""

    def speak(self, text: str, language: str, out: Path) -> None:
        """Write the words to `out` as a WAV file of any rate. Raises EngineError."""


def run(words: list[str], given: bytes | None, out: Path) -> None:
    """Run a program that writes the file. Raises EngineError."""
    name = Path(words[0]).name
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=PATIENCE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{name}: {error}") from error
    if done.returncode or not out.exists() or not out.stat().st_size:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise EngineError(f"{name}: could not speak these words ({said[-1][:120] if said else 'nothing came'})")
