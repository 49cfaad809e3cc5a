"""Makes of any audio file what Asterisk plays: mono WAV, 16 bit, at 16 and at 8 kHz. FFmpeg decodes, as a program of its own.

A file that somebody uploaded is hostile until it is decoded: FFmpeg may open this one file and nothing else (a playlist could name others),
as the audio formats that people use only, for a bounded time and length.
"""

from __future__ import annotations

import array
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CouldNotError
from ivr_flows.prompts import levels, wave_file
from ivr_flows.prompts.levels import Verdict
from ivr_flows.prompts.wave_file import Level, WaveError

WIDE, NARROW = 16000, 8000
_FORMATS = "wav,w64,mp3,flac,ogg,mov,aac,aiff,au,amr,caf,asf,matroska"
_PATIENCE_S = 60
LARGEST = 200 << 20


class SoundError(CouldNotError):
    """A file that is no sound, or none that may be played; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A sound at both rates, and how it is."""

    wide: bytes
    narrow: bytes
    level: Level
    verdicts: tuple[Verdict, ...]


def convert(path: Path, *, loud: bool = False) -> Converted:
    """The sound in this file; with `loud` it is brought to the level of speech. Raises SoundError."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise SoundError("prompts: FFmpeg is not installed; install the package ffmpeg")
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise SoundError(f"{path}: is no file of at most {LARGEST >> 20} MB; name a sound")
    with tempfile.TemporaryDirectory(prefix="prompt-") as folder:
        wide, narrow = (_decoded(program, path, Path(folder) / f"{rate}.wav", rate) for rate in (WIDE, NARROW))
    if loud:
        wide, narrow = (_louder(data) for data in (wide, narrow))
    samples, rate = _samples(path, wide)
    level = wave_file.level(samples, rate)
    verdicts = levels.judge(seconds=level.seconds, peak=level.peak, rms=level.rms, clipped=level.clipped, rate=rate)
    return Converted(wide, narrow, level, tuple(verdicts))


def playable(path: Path, *, loud: bool = False) -> Converted:
    """The same, where it may be played. Raises SoundError with the verdict."""
    converted = convert(path, loud=loud)
    if refused := [verdict.en for verdict in converted.verdicts if verdict.refused]:
        raise SoundError(f"{path.name}: {' '.join(refused)}")
    return converted


def _decoded(program: str, path: Path, out: Path, rate: int) -> bytes:
    words = [
        program, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", _FORMATS, "-i", f"file:{path.absolute()}",
        "-map", "0:a:0", "-t", str(levels.LONGEST_S + 1), "-ac", "1", "-ar", str(rate), "-c:a", "pcm_s16le", "-f", "wav", str(out),
    ]  # fmt: skip
    try:
        done = subprocess.run(words, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise SoundError(f"{path.name}: decoding takes longer than {_PATIENCE_S} s; save it as WAV and try again") from error
    if done.returncode or not out.exists():
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SoundError(
            f"{path.name}: is no audio file that can be read ({said[-1][:120] if said else 'no sound in it'}); save it as WAV"
        )
    return out.read_bytes()


def _samples(path: Path, data: bytes) -> tuple[array.array[int], int]:
    try:
        return wave_file.samples_of(data)
    except WaveError as error:
        raise SoundError(f"{path.name}: {error}; save it as WAV") from error


def _louder(data: bytes) -> bytes:
    samples, rate = wave_file.samples_of(data)
    peak = wave_file.level(samples, rate).peak
    if peak <= 0:
        return data
    gain = levels.TARGET_PEAK / peak
    return wave_file.written(array.array("h", [max(-32768, min(32767, round(value * gain))) for value in samples]), rate)
