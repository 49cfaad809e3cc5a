"""Closes or opens an office on a date of its own, in the text of a flow, and leaves every other letter as it was. Pure.

The calendar is found by the reader that lint uses; a word is put in at its place, in the style in which the technician writes (a list in
brackets, or one with dashes). Whoever calls looks at the result again: a text that is written in another way is refused, not guessed at.
"""

from __future__ import annotations

import re

from ivr_flows.tree import Items, Place, Table, Text, Tree
from ivr_flows.yaml_text import FlowTextError, read

_WORD = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'[^']*'|[^,\[\]{}:#\n]+)""")


class EditError(ValueError):
    """This calendar is written in a way that is better changed by hand."""


def close(text: str, calendar: str, dates: str) -> str:
    """Closed on these dates, whatever else the calendar says of them. Raises EditError."""
    return _added(without(text, calendar, dates), calendar, "closed_dates", f'"{dates}"', "[{}]")


def open_on(text: str, calendar: str, dates: str, hours: str) -> str:
    """Open on these dates at these hours. Raises EditError."""
    return _added(without(text, calendar, dates), calendar, "open_dates", f'"{dates}": "{hours}"', "{{{}}}")


def without(text: str, calendar: str, dates: str) -> str:
    """As the week and the holidays say: no word of its own on exactly these dates. Raises EditError."""
    for name in ("closed_dates", "open_dates"):
        while (found := _mention(text, calendar, name, dates)) is not None:
            text = _cut(text, found)
    return text


def _added(text: str, calendar: str, name: str, word: str, form: str) -> str:
    table = _calendar(text, calendar)
    present = _of(table, name)
    if present is None:
        return _put(text, table, f"{name}: {form.format(word)}")
    if isinstance(present, Text) or isinstance(present, Items) != (name == "closed_dates"):
        raise EditError(name)
    return _put(text, present, word)


def _put(text: str, tree: Items | Table, word: str) -> str:
    """First in this list or mapping."""
    at = _offset(text, tree.place)
    if text[at : at + 1] in ("[", "{"):
        is_empty = not (tree.values if isinstance(tree, Items) else tree.entries)
        return f"{text[: at + 1]}{word}{'' if is_empty else ', '}{text[at + 1 :]}"
    dash = "- " if isinstance(tree, Items) else ""
    return f"{text[:at]}{dash}{word}\n{' ' * (tree.place.column - 1)}{text[at:]}"


def _mention(text: str, calendar: str, name: str, dates: str) -> tuple[int, int] | None:
    """From where to where these dates stand in it, with the hours behind them."""
    present = _of(_calendar(text, calendar), name)
    words = (
        present.values if isinstance(present, Items) else [key for key, _ in present.entries] if isinstance(present, Table) else []
    )
    for word in words:
        if isinstance(word, Text) and word.value == dates:
            begin = _offset(text, word.place)
            end = _end(text, begin)
            colon = re.compile(r"\s*:").match(text, end) if isinstance(present, Table) else None
            return begin, _end(text, colon.end()) if colon else end
    return None


def _end(text: str, at: int) -> int:
    found = _WORD.match(text, at)
    if found is None:
        raise EditError("open_dates")
    return at + len(found[0].rstrip())


def _cut(text: str, found: tuple[int, int]) -> str:
    begin, end = found
    line = text.rfind("\n", 0, begin) + 1
    if not text[line:begin].strip(" -"):
        last = text.find("\n", end)
        return text[:line] + text[last + 1 if last >= 0 else len(text) :]
    if comma := re.compile(r"\s*,\s*").match(text, end):
        return text[:begin] + text[comma.end() :]
    before = text[:begin].rstrip()
    return (before[:-1] if before.endswith(",") else text[:begin]) + text[end:]


def _calendar(text: str, name: str) -> Table:
    try:
        found = _of(read(text.encode("utf-8", "replace")), "calendars")
    except FlowTextError as error:
        raise EditError(name) from error
    table = _of(found, name) if isinstance(found, Table) else None
    if not isinstance(table, Table) or not table.entries:
        raise EditError(name)
    return table


def _of(table: Table, name: str) -> Tree | None:
    return next((value for key, value in table.entries if key.value == name), None)


def _offset(text: str, place: Place) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1
