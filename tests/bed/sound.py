"""Sounds for those who listen: keys as tones (ITU-T Q.23), and many voices that speak for minutes."""

from __future__ import annotations

import subprocess
from functools import cache

import numpy as np
from numpy.typing import NDArray

from capture.tones import GRID, HIGH, LOW

LEAD_S = 0.1
VOICES = ("en+m3", "en+f3", "en-us", "de+f2", "ja+f3", "ja+m3", "fr+f1", "en+m7")
TEXT = (
    "Good morning, you have reached the office. The north wind and the sun argued which was the stronger. Oh, I see; our order of a "
    "hundred and forty, or two hundred and nine? Are you all alone, aunt Laura? Ah, no. We were away a year ago. Ooh, aah, eee, ohh. "
)
Sound = NDArray[np.floating]


def pressed(
    keys: str,
    on: float,
    off_s: float,
    rate: int = 8000,
    *,
    level: float = -10.0,
    twist: float = 0.0,
    off: tuple[float, float] = (0, 0),
) -> Sound:
    """These keys, each `on` seconds with `off_s` seconds of silence behind it. `level`: of the low tone, dBm0; `twist`: of the high one
    over it, dB; `off`: of both frequencies, as a share.
    """
    place = np.arange(round(on * rate)) / rate
    loud = 32124 * 10 ** ((level - 3.14) / 20)
    parts = [np.zeros(round(LEAD_S * rate))]
    for key in keys:
        low, high = LOW[GRID.index(key) // 4] * (1 + off[0]), HIGH[GRID.index(key) % 4] * (1 + off[1])
        parts += [
            loud * (np.sin(2 * np.pi * low * place) + 10 ** (twist / 20) * np.sin(2 * np.pi * high * place + 1)),
            np.zeros(round(off_s * rate)),
        ]
    return np.concatenate([*parts, np.zeros(round(LEAD_S * rate))])


def whole(sound: Sound) -> NDArray[np.int16]:
    """As 16-bit samples."""
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


@cache
def spoken() -> Sound:
    """More than ten minutes of eight voices of espeak-ng, at 8 kHz."""
    parts = []
    for number, voice in enumerate(VOICES):
        said = subprocess.run(
            ["espeak-ng", "-v", voice, "-s", str(110 + 10 * number), "--stdout", TEXT * 5], check=True, capture_output=True
        )
        raw = subprocess.run(
            ["sox", "--ignore-length", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", "-t", "raw", "-", "norm", "-4"],
            input=said.stdout, check=True, capture_output=True,
        ).stdout  # fmt: skip
        parts.append(np.frombuffer(raw, np.int16).astype(float))
    return np.concatenate(parts)
