"""How a line of Asterisk's files is written so that no value of a person's can become more than a value.

Asterisk reads `;` as a comment, a line break as the next setting, `[` as a section, `${…}` and `$[…]` in the dialplan as code, a comma
as the next argument and quotes as quotes. In what people are called these letters become their full-width forms, which read the same;
control characters go. Everything else is checked where it is set (`appliance/phone_words.py`), and once more here. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from appliance.errors import CouldNotError

HEADER = "; Written by `appliance provisioning apply` from the box's configuration: changes made here are lost.\n"
_FULL_WIDTH = str.maketrans({letter: chr(ord(letter) + 0xFEE0) for letter in ';${}[]"\\,|&<>=()!@^%`#~'})
_SAFE = re.compile(r"[^\x00-\x1f\x7f;\[\]\\\"`${}]*")
_SECRET = re.compile(r"[!-~]*")
Pair = tuple[str, str | int | bool]


class Written(str):
    """A value that a renderer made in Asterisk's own form, escapes and brackets included, out of values that were checked."""


class UnwritableError(CouldNotError):
    """A value that cannot stand in one of Asterisk's files; the sentence names it."""


def words(text: str) -> str:
    """What people call something, as a value."""
    kept = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs", "Cf", "Zl", "Zp"))
    return kept.translate(_FULL_WIDTH).strip()


def secret(text: str) -> str:
    """A password as a value: `;` is escaped. Raises UnwritableError."""
    if not _SECRET.fullmatch(text):
        raise UnwritableError("a password holds what cannot stand in Asterisk's files; write another of plain letters and digits")
    return text.replace(";", "\\;")


def value(given: str | int | bool) -> str:
    """A plain value. Raises UnwritableError where it would be more than one."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Written):
        return str(given)
    text = str(given)
    if not _SAFE.fullmatch(text):
        raise UnwritableError(f"{text!r} cannot stand in Asterisk's files; write it in plain letters and digits")
    return text


def section(name: str, pairs: Iterable[Pair], secrets: Iterable[tuple[str, str]] = ()) -> str:
    """`[name]` with its settings; empty ones are left out."""
    lines = [f"[{value(name)}]"]
    lines += [f"{key} = {value(given)}" for key, given in pairs if given != ""]
    lines += [f"{key} = {secret(given)}" for key, given in secrets if given]
    return "\n".join(lines) + "\n"


def file(*parts: str) -> str:
    """A whole file."""
    return HEADER + "\n".join(part for part in parts if part)


def extension(pattern: str, *steps: str) -> list[str]:
    """One extension of the dialplan with its priorities; a step `label: App(…)` has a label."""
    lines = []
    for number, step in enumerate(steps):
        label, colon, rest = step.partition(": ")
        named = bool(colon) and label.isidentifier()
        at = f"({label})" if named else ""
        beginning = f"exten => {pattern},1{at}" if number == 0 else f" same => n{at}"
        lines.append(f"{beginning},{rest if named else step}")
    return lines


def context(name: str, *extensions: Sequence[str], includes: Sequence[str] = ()) -> str:
    """One context of the dialplan. Raises UnwritableError on a line break in it."""
    lines = [line for one in extensions for line in one] + [f"include => {other}" for other in includes]
    for line in lines:
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in line):
            raise UnwritableError(f"{line!r} is more than one line of the dialplan; correct the name or number in it")
    return "\n".join([f"[{value(name)}]", *lines]) + "\n"
