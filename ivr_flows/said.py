"""What a caller hears: words spoken from text, recorded sounds, and values read out digit by digit. Pure.

A prompt is a list of parts. The parts that are known before a call have names that are hashes of what is said, so that the same words are
rendered once; a value (`{number}` in a `say`) is read out of one sound a digit, which every revision carries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from appliance.ids import hash_id

DIGITS = "0123456789*#"
_WORDS = {
    "ja": ("ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう", "こめじるし", "シャープ"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "star", "hash"),
}
_BRACES = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
MORAE_PER_SECOND, LETTERS_PER_SECOND, PAUSE_S = 7.5, 15.0, 0.35
_MOST_DIGITS = 24


class BracesError(ValueError):
    """A text whose braces hold no name."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words spoken by an engine."""

    text: str
    language: str

    @property
    def key(self) -> str:
        """The name of its sound file."""
        return hash_id("spoken", self.language, self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that was uploaded or recorded, by its name."""

    name: str

    @property
    def key(self) -> str:
        """The name of its sound file."""
        return hash_id("sound", self.name)

    def __str__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True)
class ReadOut:
    """A value of the call, read out digit by digit."""

    name: str
    language: str


Part = Spoken | Sound | ReadOut
Heard = Spoken | Sound
"""What can be played: nothing is open any more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that is said at once."""

    parts: tuple[Part, ...]

    def heard(self, values: Mapping[str, str]) -> tuple[Heard, ...]:
        """The sounds, with these values filled in; a value that has no digits is silent."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], ReadOut):
            return (self.parts[0],)
        return tuple(_filled(self.parts, values))

    def values(self) -> Iterator[str]:
        """The names of the values that it reads out."""
        return (part.name for part in self.parts if isinstance(part, ReadOut))


def _filled(parts: Iterable[Part], values: Mapping[str, str]) -> Iterator[Heard]:
    for part in parts:
        if isinstance(part, ReadOut):
            yield from (digit(letter, part.language) for letter in _digits(values.get(part.name, "")))
        else:
            yield part


def _digits(text: str) -> str:
    found = "".join(letter for letter in unicodedata.normalize("NFKC", text[:200]) if letter in DIGITS)
    return found[:_MOST_DIGITS]


def digit(letter: str, language: str) -> Spoken:
    """One digit, spoken."""
    return Spoken(_WORDS[language][DIGITS.index(letter)], language)


def every_digit(language: str) -> tuple[Spoken, ...]:
    """The sounds that reading out a value may need."""
    return tuple(Spoken(word, language) for word in _WORDS[language])


def prompt_of(text: str, language: str) -> Prompt:
    """The prompt that these words are, with `{name}` for values. Raises BracesError."""
    parts: list[Part] = []
    end = 0
    for found in _BRACES.finditer(text):
        if not _NAME.match(found[1]):
            raise BracesError(text)
        parts += _words(text[end : found.start()], language)
        parts.append(ReadOut(found[1], language))
        end = found.end()
    parts += _words(text[end:], language)
    return Prompt(tuple(parts))


def _words(text: str, language: str) -> list[Part]:
    if "{" in text or "}" in text:
        raise BracesError(text)
    return [Spoken(text.strip(), language)] if text.strip() else []


def names_in(text: str) -> tuple[str, ...]:
    """The values that a template names. Raises BracesError."""
    if "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
        raise BracesError(text)
    names = tuple(found[1] for found in _BRACES.finditer(text))
    if not all(_NAME.match(name) for name in names):
        raise BracesError(text)
    return names


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with values in place of `{name}`; one that is not known is empty."""
    return _BRACES.sub(lambda found: values.get(found[1], ""), template) if "{" in template else template


def seconds_of(heard: Iterable[Part], known: Mapping[str, float]) -> float:
    """How long it lasts: as rendered where that is known, estimated from the text where not; an unknown sound counts 5 s."""
    return sum(_seconds(part, known) for part in heard)


def _seconds(part: Part, known: Mapping[str, float]) -> float:
    if isinstance(part, ReadOut):
        return 4.0
    if known and part.key in known:
        return known[part.key]
    return 5.0 if isinstance(part, Sound) else estimate(part.text, part.language)


@lru_cache(maxsize=1000)
def estimate(text: str, language: str) -> float:
    """Seconds that a voice takes for this text; measured against Open JTalk and espeak-ng, within a third of the truth."""
    if language != "ja":
        return len(text) / LETTERS_PER_SECOND
    morae = pauses = 0.0
    for letter in unicodedata.normalize("NFKC", text):
        if letter in "。、，,.!?！？・":
            pauses += 1
        elif letter.isdigit() or "\u4e00" <= letter <= "\u9fff":
            morae += 1.9
        elif letter not in "ゃゅょャュョー-() 「」":
            morae += 1
    return morae / MORAE_PER_SECOND + pauses * PAUSE_S
