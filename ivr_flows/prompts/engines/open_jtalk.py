"""Open JTalk: Japanese, from Debian's packages open-jtalk, open-jtalk-mecab-naist-jdic and hts-voice-nitech-jp-atr503-m001."""

from __future__ import annotations

import shutil
from pathlib import Path

from ivr_flows.prompts import engine
from ivr_flows.prompts.engine import EngineError, Told

LANGUAGES = ("ja",)
WELL = ("ja",)
DICTIONARY = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")
VOICES = Path("/usr/share/hts-voice")
_SPEED = "1.0"


def available(told: Told) -> str:
    """What is missing of program, dictionary and voice."""
    missing = [] if shutil.which("open_jtalk") else ["open-jtalk"]
    missing += [] if DICTIONARY.is_dir() else ["open-jtalk-mecab-naist-jdic"]
    missing += [] if _voice() else ["hts-voice-nitech-jp-atr503-m001"]
    return f"install {' '.join(missing)}" if missing else ""


def _voice() -> Path | None:
    return next(iter(sorted(VOICES.rglob("*.htsvoice"))), None) if VOICES.is_dir() else None


def speak(text: str, language: str, out: Path, told: Told) -> None:
    """Write the words to `out`. Line breaks would end them, so they become spaces. Raises EngineError."""
    program, voice = shutil.which("open_jtalk"), _voice()
    if program is None or voice is None:
        raise EngineError(f"open_jtalk: is not there; {available(told)}")
    words = [program, "-x", str(DICTIONARY), "-m", str(voice), "-r", _SPEED, "-ow", str(out)]
    engine.run(words, " ".join(text.split()).encode(), out)
