"""Where sounds lie: those that people brought (`prompts/NAME.…` beside a flow file, DATA/prompts) and those that were rendered.

DATA/prompts/NAME.wav              uploaded or recorded by telephone: mono, 16 bit, 16 kHz
            /rendered/KEY.wav16    spoken from text or converted, by the hash of what it says; KEY.wav is the same at 8 kHz
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ivr_flows.prompts.wave_file import WaveError, seconds
from ivr_flows.reading import NAME

ENDINGS = (".wav", ".wav16", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".aiff", ".aif", ".wma", ".au", ".amr")
UNKNOWN_S = 5.0


def own(data: Path) -> Path:
    """The box's own sounds."""
    return data / "prompts"


def rendered_folder(data: Path) -> Path:
    """What was rendered."""
    return own(data) / "rendered"


def search(data: Path, beside: Path | None) -> dict[str, Path]:
    """Every sound by its name; one beside the flow wins over the box's."""
    found: dict[str, Path] = {}
    for folder in (own(data), *([beside / "prompts"] if beside else [])):
        for path in _sounds(folder):
            found[path.stem] = path
    return found


def _sounds(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and NAME.match(path.stem) and path.is_file())


def lengths(found: Mapping[str, Path]) -> dict[str, float]:
    """Seconds of each sound; one that is no plain WAV counts as unknown."""
    return {name: _length(path) for name, path in found.items()}


def rendered(data: Path) -> dict[str, float]:
    """Seconds of everything that was rendered, by its key."""
    folder = rendered_folder(data)
    return {path.stem.partition("-")[0]: _length(path) for path in sorted(folder.glob("*.wav16"))} if folder.is_dir() else {}


def _length(path: Path) -> float:
    try:
        return seconds(path)
    except WaveError:
        return UNKNOWN_S
