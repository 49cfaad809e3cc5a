"""Sentences that are said in the reader's language: a message id in English with named places, and what fills them.
Pure.

`N_` marks a message for the catalogues (appliance/web/locale); whoever shows the Text translates it. The command line shows the
English as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """A sentence: `message` with `%(name)s` places, and the values for them."""

    message: str
    values: Mapping[str, str | int | float] = {}

    def __str__(self) -> str:
        return self.message % dict(self.values)

    def translated(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the language of this catalogue."""
        return gettext(self.message) % dict(self.values)


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a message for translation."""
    return message
