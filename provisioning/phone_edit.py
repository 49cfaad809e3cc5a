"""One extension or one inbound route in the text of the configuration: added, changed, taken out; every other letter stays. Pure.

The block from its `[[phone.TABLE]]` to the next header is what is touched; comments in it that stand on lines of their own stay. What came
out is read again and compared with what was meant: a text that is written in another form is refused, never mangled.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(r"^\s*\[\[?\s*([\w.\"' -]+?)\s*\]\]?\s*(?:#.*)?$")
Row = Mapping[str, Any]


class FormError(ValueError):
    """The configuration is written in another form; it is changed by hand."""


def rows(text: str, table: str) -> list[dict[str, Any]]:
    """The rows as they are written, without defaults."""
    found = tomllib.loads(text).get("phone", {}).get(table, [])
    return [dict(row) for row in found]


def added(text: str, table: str, row: Row) -> str:
    """One more, behind the last of its kind. Raises FormError."""
    lines, blocks = text.splitlines(keepends=True), _blocks(text, table)
    at = blocks[-1][1] if blocks else len(lines)
    if lines and at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    head = ["\n"] if at and lines[at - 1].strip() else []
    tail = ["\n"] if at < len(lines) and lines[at].strip() else []
    fresh = [*lines[:at], *head, f"[[phone.{table}]]\n", *_written(row), *tail, *lines[at:]]
    return _checked("".join(fresh), text, table, [*rows(text, table), dict(row)])


def changed(text: str, table: str, place: int, row: Row) -> str:
    """Another row in this place. Raises FormError."""
    begin, end, lines = *_block(text, table, place), text.splitlines(keepends=True)
    body = lines[begin + 1 : end]
    kept = [line for line in body if line.lstrip().startswith("#")]
    trailing = body[len("".join(body).rstrip().splitlines()) :]
    fresh = [*lines[: begin + 1], *kept, *_written(row), *trailing, *lines[end:]]
    meant = rows(text, table)
    meant[place] = dict(row)
    return _checked("".join(fresh), text, table, meant)


def without(text: str, table: str, place: int) -> str:
    """Without the row in this place. Raises FormError."""
    begin, end, lines = *_block(text, table, place), text.splitlines(keepends=True)
    meant = rows(text, table)
    del meant[place]
    return _checked("".join([*lines[:begin], *lines[end:]]), text, table, meant)


def _written(row: Row) -> list[str]:
    return [f"{name} = {_value(value)}\n" for name, value in row.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else str(value)


def _block(text: str, table: str, place: int) -> tuple[int, int]:
    blocks = _blocks(text, table)
    if not 0 <= place < len(blocks):
        raise FormError(table)
    return blocks[place]


def _blocks(text: str, table: str) -> list[tuple[int, int]]:
    """From the header's line to before the next header; comments that stand before that one are its own."""
    lines = text.splitlines()
    headers = [(number, head[1]) for number, line in enumerate(lines) if (head := _HEADER.match(line))]
    found = []
    for (begin, name), (end, _) in itertools.pairwise([*headers, (len(lines), "")]):
        if name.replace(" ", "").replace('"', "") == f"phone.{table}":
            last = end
            while end < len(lines) and last > begin + 1 and lines[last - 1].lstrip().startswith("#"):
                last -= 1
            found.append((begin, last))
    return found


def _checked(fresh: str, old: str, table: str, meant: list[dict[str, Any]]) -> str:
    wanted = tomllib.loads(old)
    wanted.setdefault("phone", {})[table] = meant
    if not meant:
        del wanted["phone"][table]
    try:
        if tomllib.loads(fresh) == wanted:
            return fresh
    except tomllib.TOMLDecodeError as error:
        raise FormError(table) from error
    raise FormError(table)
