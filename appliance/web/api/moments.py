"""Dates and moments in a request: ISO 8601 in the form of RFC 3339 §5.6, a date alone is that day at the site."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from appliance.moments import from_iso, to_datetime

_FORM = re.compile(r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?\Z", re.ASCII)
_FAR = 2**62
"""Nanoseconds beyond every call, which the database can still compare."""


def _known(text: str) -> str:
    if not _FORM.match(text):
        raise ValueError("write a date as 2026-11-22, a moment as 2026-11-22T18:00:00+09:00")
    datetime.fromisoformat(_short(text))  # raises ValueError
    return text


Moment = Annotated[
    str,
    AfterValidator(_known),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]


def begin_of(text: str | None, zone: tzinfo, *, following: bool = False) -> int | None:
    """When this begins, or the day after it; beyond what a calendar holds it is as far as can be."""
    if text is None:
        return None
    try:
        if following and len(text) == 10:
            local = datetime.fromisoformat(text) + timedelta(days=1)
            return _near(from_iso(local.isoformat(), zone))
        return _near(from_iso(_short(text), zone))
    except OverflowError:
        return _FAR if text[:4] == "9999" else -_FAR


def told(moment: int | None, zone: tzinfo) -> datetime | None:
    """A moment of the ledger as the API tells it."""
    return None if moment is None else to_datetime(moment, zone)


def _short(text: str) -> str:
    """Of a second's fraction as much as a datetime holds."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text.upper())


def _near(moment: int) -> int:
    return max(-_FAR, min(_FAR, moment))
