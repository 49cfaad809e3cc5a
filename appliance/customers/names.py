"""Names as they are looked for: one form for full and half width, hiragana and katakana, capitals and small letters. Pure."""

from __future__ import annotations

import re
import unicodedata

from appliance.numbers import clean

_SPACE = re.compile(r"[\s・･]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}


def fold(text: str) -> str:
    """The text as it is compared: `ｻﾄｳ ﾀﾛｳ` and `さとうたろう` are the same."""
    half = unicodedata.normalize("NFKC", text).casefold()
    return _SPACE.sub("", half).translate(_TO_HIRAGANA)


def tidy(text: str, longest: int) -> str:
    """A stranger's text as one line that shows what it holds: no controls, nothing that turns the line around."""
    return " ".join(_UNSEEN.sub(" ", text).split())[:longest].strip()


def needles(typed: str) -> list[str]:
    """The words of a search, each as it is compared; a number loses its hyphens."""
    found = []
    for word in typed.split()[:8]:
        digits = clean(word)
        found.append(digits if digits.lstrip("+").isdigit() else fold(word))
    return [word for word in found if word]
