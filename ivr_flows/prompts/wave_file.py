"""WAV files as Asterisk plays them: mono, 16 bit, 8 or 16 kHz; how long and how loud they are.

The standard library's `wave` writes them; NumPy and libsndfile have their homes elsewhere, and a prompt is short enough for `array`.
"""

from __future__ import annotations

import array
import io
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

FULL_SCALE = 32768
CLIPPED_AT = 32700


class WaveError(Exception):
    """A file that is no such WAV."""


@dataclass(frozen=True, slots=True)
class Level:
    """How a sound is: seconds, peak and mean square root against full scale, and samples at full scale."""

    seconds: float
    peak: float
    rms: float
    clipped: int


def samples_of(data: bytes) -> tuple[array.array[int], int]:
    """The samples of a mono 16-bit WAV, and its rate. Raises WaveError."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2 or file.getframerate() <= 0:
                raise WaveError("is no mono WAV of 16 bits")
            samples = array.array("h", file.readframes(file.getnframes()))
            rate = file.getframerate()
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:  # the last where a chunk is longer than its file
        raise WaveError(f"is no WAV file ({error})") from error
    if sys.byteorder == "big":
        samples.byteswap()
    return samples, rate


def written(samples: array.array[int], rate: int) -> bytes:
    """A mono 16-bit WAV of these samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def seconds(path: Path) -> float:
    """How long a WAV file lasts, read from its header. Raises WaveError."""
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes()) / (file.getframerate() or 1)
    except (wave.Error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise WaveError(f"{path}: is no WAV file ({error})") from error


def level(samples: array.array[int], rate: int) -> Level:
    """How loud it is."""
    if not samples:
        return Level(0.0, 0.0, 0.0, 0)
    loudest, deepest = max(samples), min(samples)
    peak = max(loudest, -deepest)
    power = sum(value * value for value in samples) / len(samples)
    clipped = sum(value >= CLIPPED_AT or value <= -CLIPPED_AT for value in samples)
    return Level(len(samples) / rate, peak / FULL_SCALE, power**0.5 / FULL_SCALE, clipped)
