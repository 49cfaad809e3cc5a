"""Changes a TOML text as a person would: the line that is meant is replaced, comments and the rest stay as they were. Pure.

What came out is read again and compared with what was meant; a text whose form we do not understand is refused, never mangled.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from appliance.errors import SaidError
from appliance.toml_lines import headers, statements
from appliance.words import N_


def put(text: str, path: Sequence[str], new: Any) -> str:
    """The text with this key of a table set: `put(text, ("capture", "interface"), "eth1")`. Raises SaidError."""
    meant = tomllib.loads(text)
    place: Any = meant
    for name in path[:-1]:
        place = place.setdefault(name, {})
    if path[-1] in place and place[path[-1]] == new:
        return text
    place[path[-1]] = new
    return _checked(_put(text, tuple(path), new), meant)


def put_rows(text: str, name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The text with these `[[name]]` tables instead of those that it has. Raises SaidError."""
    meant = tomllib.loads(text)
    place: Any = meant
    *above, last = name.split(".")
    for part in above:
        place = place.setdefault(part, {})
    if place.get(last, []) == [dict(row) for row in rows]:
        return text
    place[last] = [dict(row) for row in rows]
    if not rows:
        del place[last]
    kept, where = _without(text, name)
    blocks = [f"[[{name}]]\n" + "".join(f"{key} = {value(item)}\n" for key, item in row.items()) for row in rows]
    lines = [*kept[:where], *(block + "\n" for block in blocks), *kept[where:]]
    return _checked(_tidy("".join(lines)), meant)


def value(given: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, dict):
        return "{" + ", ".join(f"{_text(key)} = {value(item)}" for key, item in given.items()) + "}"
    if isinstance(given, list | tuple):
        return "[" + ", ".join(value(item) for item in given) + "]"
    if isinstance(given, str):
        return _text(given)
    return given.isoformat() if isinstance(given, date | time) else str(given)


def _text(given: str) -> str:
    """A basic string: JSON's, but for DEL, which TOML wants escaped too."""
    return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")


def _put(text: str, path: tuple[str, ...], new: Any) -> str:
    lines = text.splitlines(keepends=True)
    line = f"{path[-1]} = {value(new)}\n"
    table: tuple[str, ...] | None = ()
    known = dict(headers(text))
    after = None
    for number, statement in statements(text):
        if number in known:
            table = known[number]
            if table == path[:-1]:
                after = number
        elif table == path[:-1] and re.match(rf"\s*(\"?){re.escape(path[-1])}\1\s*=", statement):
            count = max(1, statement.rstrip("\n").count("\n") + 1)
            return "".join([*lines[: number - 1], line, *lines[number - 1 + count :]])
    if after is not None:
        if not lines[after - 1].endswith("\n"):
            lines[after - 1] += "\n"
        return "".join([*lines[:after], line, *lines[after:]])
    return _tidy(f"{text.rstrip()}\n\n[{'.'.join(path[:-1])}]\n{line}")


def _without(text: str, name: str) -> tuple[list[str], int]:
    """(lines without these tables, the place where the first of them stood)."""
    wanted = tuple(name.split("."))
    lines, inside = text.splitlines(keepends=True), False
    kept: list[str] = []
    where: int | None = None
    known = dict(headers(text))
    for number, line in enumerate(lines, 1):
        if number in known:
            inside = known[number][: len(wanted)] == wanted
            if inside and where is None:
                where = len(kept)
        if not inside:
            kept.append(line)
    if where is None:
        kept.append("\n")
        where = len(kept)
    return kept, where


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _checked(text: str, meant: Any) -> str:
    try:
        if _full(tomllib.loads(text)) == _full(meant):
            return text
    except ValueError:
        pass
    raise SaidError(N_("The settings are written in a form that this page does not change; change their text instead."))


def _full(tree: Any) -> Any:
    """The tree without tables in which nothing stands: they mean nothing."""
    if isinstance(tree, dict):
        return {name: one for name, one in ((name, _full(one)) for name, one in tree.items()) if one != {}}
    return tree
