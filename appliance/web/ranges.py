"""HTTP byte ranges (RFC 9110 §14) for playing and seeking. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple


class UnsatisfiableError(ValueError):
    """The range lies outside of what there is: 416."""


class Range(NamedTuple):
    """Bytes [begin, end)."""

    begin: int
    end: int


def parse(header: str, size: int) -> Range | None:
    """The range that is asked for of `size` bytes; None: the whole (no header, several ranges, or a form unknown to us).

    Raises UnsatisfiableError.
    """
    found = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", header, re.ASCII)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = int(found[2])
        if not length or not size:
            raise UnsatisfiableError(header)
        return Range(max(0, size - length), size)
    begin = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < begin:
        return None
    if begin >= size:
        raise UnsatisfiableError(header)
    return Range(begin, end)
