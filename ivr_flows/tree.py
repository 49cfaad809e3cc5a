"""What a flow file says before anybody asks what it means: texts, lists and mappings, each with its line and column. Pure.

Every scalar is text, as it was written: a YAML reader that guesses turns `0120` into 80 and `9:30` into 570 (YAML 1.1 §10.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands; both count from 1."""

    line: int
    column: int


TOP = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar."""

    value: str
    place: Place
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple[Tree, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; its keys are told apart, in the order of the file."""

    entries: tuple[tuple[Text, Tree], ...]
    place: Place


Tree: TypeAlias = Text | Items | Table
