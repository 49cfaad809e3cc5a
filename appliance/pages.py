"""What a wing adds to the console: pages of its own, found through entry points; the console lends rights, layout and language.

Group `appliance.pages`: the value is a function without arguments that returns the wing's pages. An answer is a stream of bytes (sound that
grows), a sheet (a template file of the wing's own that fills the console's layout, `{% extends "base.html" %}`), data for the page's own
script, or another address. A page that is sent a form (`Page.method`) gets it read, bounded, and refused where it is not the console's own.
A wing's sentences are its own: `speaking` makes of them what its templates call `t`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger

GROUP = "appliance.pages"


LARGEST = 1 << 20
"""Bytes of a form, where its page says nothing else."""


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
    query: Mapping[str, str] = field(default_factory=dict)
    """What stands behind the question mark."""
    form: Mapping[str, str] = field(default_factory=dict)
    """What was sent; of a field that was sent more than once, the lines of all."""
    file: Upload | None = None
    """The file that was sent along."""


class Upload(NamedTuple):
    """A file that a browser sent; its name is a stranger's word."""

    name: str
    data: bytes


class Stream(NamedTuple):
    """Bytes that may go on for long; the iterator is closed when the listener goes."""

    media_type: str
    pieces: Iterator[bytes]


class Sheet(NamedTuple):
    """A whole page."""

    template: Path
    values: Mapping[str, Any]


class Data(NamedTuple):
    """An answer for a page's own script."""

    values: Any


class Moved(NamedTuple):
    """It is done; the browser goes on here, by GET."""

    to: str


Answer = Stream | Sheet | Data | Moved


class Page(NamedTuple):
    """One address of the console."""

    name: str
    """By which the console's own pages find out that it is there, and link to it."""
    path: str
    """With the names of values in braces: `/calls/{call}/live`."""
    rights: tuple[str, ...]
    """All of them are needed (`appliance/web/rights.py`)."""
    answer: Callable[[Visit], Answer]
    """Raises NotHereError, or another ApplianceError with its sentence."""
    method: str = "GET"
    """Or POST."""
    largest: int = LARGEST
    hears: bool = False
    """Whether the answer is the sound of the call: where the site demands it, somebody else has to have allowed that."""


def speaking(words: Mapping[str, str], language: str) -> Callable[..., str]:
    """`t(sentence, **values)` of these words: English as it stands, Japanese as they say, with the values in its %(name)s places."""

    def told(sentence: str, **values: object) -> str:
        text = words[sentence] if language == "ja" else sentence
        return text % values if values else text

    return told
