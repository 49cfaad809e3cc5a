"""What is wrong with a flow: a code, a place, and the words it fills its sentence with. Pure.

The sentences are in `sentences.py`, in Japanese and English, each with its mend; a finding has none until somebody asks for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr_flows.sentences import FINDINGS
from ivr_flows.tree import Place

ERROR, WARNING = "error", "warning"
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a flow. `severity` is the sentence's own unless it was lowered."""

    code: str
    place: Place
    words: Mapping[str, str] = field(default_factory=dict)
    lowered: bool = False

    @property
    def severity(self) -> str:
        """`error` (it may not be published) or `warning`."""
        return WARNING if self.lowered else FINDINGS[self.code].severity

    def message(self, language: str) -> str:
        """What is wrong."""
        return FINDINGS[self.code].message[language].format_map(self.words)

    def mend(self, language: str) -> str:
        """What to do about it."""
        return FINDINGS[self.code].mend[language].format_map(self.words)

    def as_json(self, language: str) -> dict[str, Any]:
        """The finding as `appliance ivr lint --json` prints it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message(language),
            "mend": self.mend(language),
        }


class Notes:
    """Findings as they are come by."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, code: str, place: Place, *, lowered: bool = False, **words: object) -> None:
        """Note one; long words are cut, so that a sentence stays a sentence."""
        self.found.append(Finding(code, place, {name: shown(str(word)) for name, word in words.items()}, lowered))


def shown(text: str) -> str:
    """A text as a sentence shows it: printable, on one line, not too long."""
    line = "".join(letter if letter.isprintable() else "�" for letter in text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def in_order(found: list[Finding]) -> list[Finding]:
    """Each finding once, by its place."""
    told = {(one.place, one.code, tuple(one.words.items())): one for one in found}
    return [told[key] for key in sorted(told)]


def blocks(found: list[Finding]) -> bool:
    """Whether one of them forbids publishing."""
    return any(one.severity == ERROR for one in found)
