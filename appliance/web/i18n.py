"""The language of a page: the browser's choice between Japanese and English, from gettext catalogues.

Message ids are the English sentences, so English needs no catalogue. The Japanese one is text (`locale/ja/LC_MESSAGES/console.po`) and
is read once, without a build step; `tests/appliance/web/test_i18n.py` proves that every sentence is in it.
"""

from __future__ import annotations

import gettext
import io
import re
from datetime import tzinfo
from functools import cache
from pathlib import Path

from babel.dates import format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from appliance.moments import to_datetime

LANGUAGES = ("ja", "en")
_LOCALE = Path(__file__).parent / "locale"
_PATTERNS = {"ja": "y/MM/dd(E) HH:mm:ss", "en": "EEE y-MM-dd HH:mm:ss"}


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The sentences of a language."""
    if language == "en":
        return gettext.NullTranslations()
    path = _LOCALE / language / "LC_MESSAGES" / "console.po"
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def choose(accept_language: str) -> str:
    """The language for this `Accept-Language` (RFC 9110 §12.5.4): the better liked of ours; Japanese where nothing is said."""
    if not accept_language.strip():
        return "ja"
    liked: list[tuple[float, int, str]] = []
    for place, item in enumerate(accept_language.split(",")[:20]):
        found = re.fullmatch(r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", item)
        weight = float(found[2] or 1) if found else 0.0
        if found and weight and found[1].lower() in LANGUAGES:  # a weight of 0 is a language that is not wanted (§12.4.2)
            liked.append((-weight, place, found[1].lower()))
    return min(liked)[2] if liked else "en"


def date_time(moment: int | None, language: str, zone: tzinfo) -> str:
    """A moment as people of this language write it; "" for None."""
    return "" if moment is None else format_datetime(to_datetime(moment, zone), _PATTERNS[language], locale=language)


def clock_time(moment: int | None, language: str, zone: tzinfo) -> str:
    """Hours, minutes and seconds."""
    return "" if moment is None else format_time(to_datetime(moment, zone), "HH:mm:ss", locale=language)


def length(seconds: float) -> str:
    """A duration as 3:07 or 1:02:09."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
