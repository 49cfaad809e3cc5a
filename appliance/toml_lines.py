"""Where in a TOML text a field stands, so that an error can name the line. Pure; tomllib itself does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(
    r"""(?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*)
      | (?P<open>[\[{]) | (?P<close>[\]}]) | (?P<end>\n)""",
    re.VERBOSE | re.DOTALL,
)
"""What can hide the end of a statement: strings, comments, brackets."""

Path = tuple[str | int, ...]


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the deepest named part of `path` stands; None when no part of it is in the text.

    `path` is as pydantic gives it: keys and list indices. An index into an array of tables counts its `[[headers]]`; one into an
    inline list is answered with the line of the list's key.
    """
    wanted = tuple(path)
    best: tuple[int, int] | None = None
    for number, place in _places(text):
        depth = _common(place, wanted)
        if depth == len(place) and depth and (best is None or depth > best[0]):
            best = (depth, number)
    return None if best is None else best[1]


def _common(place: Path, wanted: Path) -> int:
    depth = 0
    for mine, theirs in zip(place, wanted, strict=False):
        if mine != theirs:
            break
        depth += 1
    return depth


def _places(text: str) -> list[tuple[int, Path]]:
    """(line, full path) of every table header and key in the text."""
    found: list[tuple[int, Path]] = []
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in statements(text):
        if header := _TABLE.match(line):
            keys: Path = _with_latest(_split(header[2]), counts)
            if header[1] == "[[":
                counts[keys] = counts.get(keys, -1) + 1
                keys = (*keys, counts[keys])
            table = keys
            found.append((number, table))
        elif key := _KEY.match(line):
            found.append((number, (*table, *_split(key[1]))))
    return found


def statements(text: str) -> Iterator[tuple[int, str]]:
    """(first line, text) of every statement; one with brackets or a multi-line string may go over many lines."""
    depth, begin, first, number = 0, 0, 1, 1
    for token in _TOKEN.finditer(text):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth = max(0, depth - 1)
        elif token["text"]:
            number += token["text"].count("\n")
        else:
            number += 1
            if depth == 0:
                yield first, text[begin : token.start()]
                begin, first = token.end(), number
    yield first, text[begin:]


def headers(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, names) of every table's header, `[a.b]` and `[[a.b]]` alike."""
    for number, line in statements(text):
        if header := _TABLE.match(line):
            leading = len(line) - len(line.lstrip("\n"))
            yield number + leading, _split(header[2])


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in re.findall(_PART, dotted))


def _with_latest(keys: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """A table below an array of tables belongs to that array's newest member."""
    path: Path = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if path in counts and position < len(keys) - 1:
            path = (*path, counts[path])
    return path
