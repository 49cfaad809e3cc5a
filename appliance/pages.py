"""What a wing adds to the console: pages of its own, found through entry points; the console lends rights, layout and language.

Group `appliance.pages`: the value is a function without arguments that returns the wing's pages. An answer is a stream of bytes (sound that
grows) or a sheet: a template file of the wing's own that fills the console's layout (`{% extends "base.html" %}`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger

GROUP = "appliance.pages"


class NotHereError(CouldNotError):
    """There is nothing at this address; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who is signed in, has the page's rights, and asks for it."""

    box: Box
    ledger: Ledger
    now: int
    account: str
    language: str
    values: Mapping[str, str]
    """What stands in the path's braces."""


class Stream(NamedTuple):
    """Bytes that may go on for long; the iterator is closed when the listener goes."""

    media_type: str
    pieces: Iterator[bytes]


class Sheet(NamedTuple):
    """A whole page."""

    template: Path
    values: Mapping[str, Any]


class Page(NamedTuple):
    """One address of the console."""

    name: str
    """By which the console's own pages find out that it is there, and link to it."""
    path: str
    """With the names of values in braces: `/calls/{call}/live`."""
    rights: tuple[str, ...]
    """All of them are needed (`appliance/web/rights.py`)."""
    answer: Callable[[Visit], Stream | Sheet]
    """Raises NotHereError, or another ApplianceError with its sentence."""
    hears: bool = False
    """Whether the answer is the sound of the call: where the site demands it, somebody else has to have allowed that."""
