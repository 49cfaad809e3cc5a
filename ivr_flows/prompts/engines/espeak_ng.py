"""eSpeak NG: any language, plainly; Debian's package espeak-ng. For Japanese it is understood with effort, so it comes last there."""

from __future__ import annotations

import shutil
from pathlib import Path

from ivr_flows.prompts import engine
from ivr_flows.prompts.engine import EngineError, Told

LANGUAGES = ("en", "ja")
WELL = ("en",)
_VOICES = {"en": "en", "ja": "ja"}


def available(told: Told) -> str:
    """Whether the program is there."""
    return "" if shutil.which("espeak-ng") else "install espeak-ng"


def speak(text: str, language: str, out: Path, told: Told) -> None:
    """Write the words to `out`; they go in by standard input, so that none is taken for an option. Raises EngineError."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise EngineError("espeak_ng: is not there; install espeak-ng")
    engine.run([program, "-v", _VOICES[language], "-s", "150", "--stdin", "-w", str(out)], " ".join(text.split()).encode(), out)
