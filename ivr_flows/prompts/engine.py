"""What a speech engine is, what it is told, and the one error that it has."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.errors import CouldNotError

PATIENCE_S = 60
LONGEST = 2000
"""Letters of one prompt."""


class EngineError(CouldNotError):
    """The words could not be spoken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the configuration says of speech; the token is a secret."""

    engine: str = ""
    """The engine to take; empty: the best that is installed."""
    url: str = ""
    voice: str = ""
    token: str = ""


NOTHING = Told()


class Engine(Protocol):
    """What a file of `engines/` offers."""

    LANGUAGES: tuple[str, ...]
    """What it speaks."""
    WELL: tuple[str, ...]
    """What it speaks so that anybody understands it."""

    def available(self, told: Told) -> str:
        """What has to be done before it can speak; empty where it can."""

    def speak(self, text: str, language: str, out: Path, told: Told) -> None:
        """Write the words to `out` as a sound of any form. Raises EngineError."""


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
