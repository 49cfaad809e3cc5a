"""Renders prompts, each content once: DATA/prompts/rendered/KEY-SOURCE.wav16 and .wav, where KEY is the part's (a hash of what it says).

SOURCE is the engine that spoke it, or a hash of the sound that it was made from: another engine or another sound is another
file. The 16 kHz file is written last: where it stands, both are whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from appliance import registry, shelf
from appliance.errors import CouldNotError
from ivr_flows.prompts import converting
from ivr_flows.prompts.converting import Converted
from ivr_flows.prompts.engine import LONGEST, NOTHING, Engine, EngineError, Told
from ivr_flows.said import Heard, Sound, Spoken

PACKAGE = "ivr_flows.prompts.engines"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The two files of a prompt."""

    key: str
    wide: Path
    narrow: Path
    words: str
    source: str
    """The engine that spoke it, or the file that it was made from."""


def engines(language: str, told: Told = NOTHING) -> list[tuple[str, Engine]]:
    """The engines that speak a language and are installed, the best first; only the chosen one where one is. Raises EngineError."""
    every = {name: cast(Engine, module) for name, module in registry.members(PACKAGE).items()}
    chosen = told.engine
    if chosen and chosen not in every:
        raise EngineError(f"engine {chosen}: there is none of that name; choose one of {', '.join(every)}")
    able = [(name, one) for name, one in every.items() if language in one.LANGUAGES and chosen in ("", name)]
    able.sort(key=lambda pair: language not in pair[1].WELL)
    found = [(name, one) for name, one in able if not one.available(told)]
    if not found:
        mends = "; or ".join(one.available(told) for _, one in able) or "choose another engine"
        raise EngineError(f"prompts: nothing here speaks {language}: {mends}")
    return found


def speaks_well(name: str, language: str) -> bool:
    """Whether anybody understands this engine in this language."""
    return language in cast(Engine, registry.load(PACKAGE, name)).WELL


class Kitchen:
    """Renders into one folder, and keeps what it rendered."""

    def __init__(self, folder: Path, sounds: Mapping[str, Path], told: Told = NOTHING) -> None:
        self._folder = folder
        self._sounds = sounds
        self._told = told

    def render(self, parts: Iterable[Heard]) -> dict[str, Rendered]:
        """Every part by its key. Raises EngineError or SoundError."""
        return {part.key: self._part(part) for part in dict.fromkeys(parts)}

    def _part(self, part: Heard) -> Rendered:
        if isinstance(part, Sound):
            path = self._sounds.get(part.name)
            if path is None:
                raise CouldNotError(
                    f"prompt {part.name}: there is no such sound; `appliance ivr prompt add FILE --name {part.name}`"
                )
            name = f"{part.key}-{hashlib.sha256(_bytes(path)).hexdigest()[:16]}"
            return self._kept(part, name, path.name) or self._keep(part, name, converting.playable(path), path.name)
        if len(part.text) > LONGEST:
            raise EngineError(f"prompt {part.text[:20]}…: is longer than {LONGEST} letters; divide it")
        source, engine = engines(part.language, self._told)[0]
        voice = hashlib.sha256(self._told.voice.encode()).hexdigest()[:8] if self._told.voice else ""
        name = f"{part.key}-{source}{voice}"
        return self._kept(part, name, source) or self._keep(part, name, _spoken(engine, part, self._told), source)

    def _kept(self, part: Heard, name: str, source: str) -> Rendered | None:
        wide, narrow = (self._folder / f"{name}.{ending}" for ending in ("wav16", "wav"))
        return Rendered(part.key, wide, narrow, str(part), source) if wide.exists() and narrow.exists() else None

    def _keep(self, part: Heard, name: str, converted: Converted, source: str) -> Rendered:
        wide, narrow = (self._folder / f"{name}.{ending}" for ending in ("wav16", "wav"))
        shelf.write(narrow, converted.narrow)
        shelf.write(wide, converted.wide)
        return Rendered(part.key, wide, narrow, str(part), source)


def _spoken(engine: Engine, part: Spoken, told: Told) -> Converted:
    with tempfile.TemporaryDirectory(prefix="speech-") as folder:
        out = Path(folder) / "said.wav"
        engine.speak(part.text, part.language, out, told)
        return converting.playable(out, loud=True)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CouldNotError(f"{path}: cannot be read ({error.strerror or error})") from error
