"""What the office's own systems are asked and told, and what they say of a caller, in plain values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from appliance.numbers import Number, pretty

_ASKABLE = re.compile(r"\+?[0-9*#]{3,20}")
_LONGEST = 300
_LINK = re.compile(r"https?://[^\s\"'<>\\]{1,1000}")


class Caller(NamedTuple):
    """A number in the forms in which other systems may have it."""

    national: str
    e164: str
    pretty: str

    @property
    def forms(self) -> tuple[str, ...]:
        """Each form once, the plain one first."""
        return tuple(dict.fromkeys(text for text in (self.national, self.pretty, self.e164) if text))


class Found(NamedTuple):
    """What a system knows of a caller."""

    name: str = ""
    company: str = ""
    memo: str = ""
    link: str = ""
    """Where it shows them."""
    key: str = ""
    """What it calls them itself."""

    @property
    def title(self) -> str:
        """How it calls them in one line."""
        return self.name or self.company


class Event(NamedTuple):
    """What happened to a call, as it is told."""

    id: str
    """The same each time that it is told again."""
    what: str
    """`ringing`, `answered`, `ended`, `taken` or `noted`."""
    at: int
    values: Mapping[str, Any]
    """What is known of the call now; plain JSON values."""
    caller: Caller | None
    """The other party, where there is a number."""


class Answer(NamedTuple):
    """What one system said."""

    source: str
    found: Found


def caller_of(number: Number) -> Caller | None:
    """The number in every form; None for what cannot be dialled, which nobody is asked about."""
    if not _ASKABLE.fullmatch(number.national):
        return None
    return Caller(number.national, number.e164 or "", pretty(number.national, number.e164))


def tidied(found: Found) -> Found:
    """What a stranger's system said, as it may be shown: short, in one line, whole characters, and a link that is one."""
    name, company, memo, _, key = (
        " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").split())[:_LONGEST] for text in found
    )
    return Found(name, company, memo, found.link if _LINK.fullmatch(found.link) else "", key)
