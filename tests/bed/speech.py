"""Speech for calls: Japanese by Open JTalk where it and its voice are there, else espeak-ng; conversations as two aligned tracks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16000
DICTIONARY = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")
VOICES = (Path("/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice"),)
PAUSE_S = 0.35

Samples = NDArray[np.int16]


@cache
def voice() -> Path | None:
    """Open JTalk's voice, None where it is not installed."""
    found = next((path for path in VOICES if path.exists()), None)
    return found if found and DICTIONARY.exists() and shutil.which("open_jtalk") else None


def say(text: str, *, high: bool = False) -> Samples:
    """The text spoken, int16 at 16 kHz; `high` is the other person's voice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        if voice() is not None:
            command = [
                "open_jtalk",
                "-x",
                str(DICTIONARY),
                "-m",
                str(voice()),
                "-ow",
                str(path),
                "-fm",
                "7" if high else "0",
                "-r",
                "1.1",
            ]
            subprocess.run(command, input=text.encode(), check=True, capture_output=True)
        else:
            language = "ja" if any(ord(letter) > 0x3000 for letter in text) else "en"
            command = ["espeak-ng", "-v", f"{language}+{'f3' if high else 'm3'}", "-s", "150", "-w", str(path), text]
            subprocess.run(command, check=True, capture_output=True)
        resampled = Path(folder) / "said16.wav"
        subprocess.run(["sox", str(path), "-r", str(RATE), "-c", "1", "-b", "16", str(resampled), "norm", "-6"], check=True)
        samples, _ = soundfile.read(resampled, dtype="int16")
    return np.asarray(samples, np.int16)


def conversation(turns: Iterable[tuple[str, str]], lead_s: float = 0.4) -> tuple[Samples, Samples]:
    """(caller's track, called's track) of equal length: turns are ("caller" or "called", text), one after the other."""
    tracks: dict[str, list[Samples]] = {"caller": [], "called": []}
    pause = np.zeros(int(PAUSE_S * RATE), np.int16)
    for track in tracks.values():
        track.append(np.zeros(int(lead_s * RATE), np.int16))
    for who, text in turns:
        spoken = say(text, high=who == "called")
        for name, track in tracks.items():
            track.append(spoken if name == who else np.zeros_like(spoken))
            track.append(pause)
    return np.concatenate(tracks["caller"]), np.concatenate(tracks["called"])
