"""Tables of customers as text: read from whatever an office has (UTF-8, CP932, UTF-16; comma, tab or semicolon), and written so that no
cell becomes a formula where it is opened. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.customers.names import fold
from appliance.errors import SaidError
from appliance.words import N_

MOST_BYTES = 30_000_000
MOST_COLUMNS = 100
FIELDS = ("name", "kana", "company", "number", "memo", "code", "label", "important", "blocked")
"""What a column may be; several may be numbers or labels."""
_GUESSES = {
    "name": r"(お?名前|氏名|姓名|顧客名|担当者?名?|name|fullname|表示名)",
    "kana": r".*(ふりがな|かな|よみ|kana|yomi).*",
    "company": r"(会社名?|法人名?|勤務先|所属|社名|屋号|company|organi[sz]ation)(.*名)?",
    "number": r".*(電話|でんわ|tel|phone|携帯|けいたい|mobile|fax|番号[0-9]?$).*",
    "memo": r"(めも|備考|memo|note|notes|こめんと|comment).*",
    "code": r"(顧客(番号|id|こーど)|会員(番号|id)|id|code|こーど|(管理|得意先|取引先)(番号|こーど|id))",
    "label": r"(らべる|分類|区分|label|labels|tag|tags|ぐるーぷ|group)",
    "important": r"(重要|vip|important)",
    "blocked": r"(着信拒否|拒否|ぶろっく|迷惑|blocked?)",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_YES = {"1", "true", "yes", "y", "はい", "○", "〇", "◯", "*", "重要", "拒否", "x", "✓", "有"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was read."""

    encoding: str
    head: list[str]
    rows: list[list[str]]


def read(raw: bytes) -> Sheet:
    """The table in these bytes. Raises SaidError with the mend."""
    if len(raw) > MOST_BYTES:
        raise SaidError(N_("The file is larger than 30 MB; split it."))
    encoding, text = decode(raw)
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SaidError(N_("The file is no table: %(why)s."), why=str(error)) from error
    rows = [[unguarded(cell) for cell in line[:MOST_COLUMNS]] for line in lines if any(cell.strip() for cell in line)]
    if len(rows) < 2:
        raise SaidError(N_("The file holds no row below its headings."))
    return Sheet(encoding, rows[0], rows[1:])


def decode(raw: bytes) -> tuple[str, str]:
    """The encoding and the text. Raises SaidError where it is neither."""
    candidates = ["utf-16"] if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp932"]
    for encoding in candidates:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding.removesuffix("-sig"), text.replace("\r\n", "\n").replace("\r", "\n")
    raise SaidError(N_("The file is neither UTF-8 nor Shift_JIS (CP932) text; save it as CSV again."))


def guess(head: Sequence[str]) -> list[str]:
    """What each column probably is; "" where its heading says nothing."""
    found = []
    for heading in head:
        text = fold(heading)
        fit = next((field for field in ("code", *FIELDS) if re.fullmatch(_GUESSES[field], text)), "")
        found.append("" if fit in found and fit not in ("number", "label") else fit)
    return found


def is_yes(cell: str) -> bool:
    """Whether a cell says yes."""
    return fold(cell) in _YES


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before one that would be."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`, without spaces around it."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def write(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """The table as CSV (RFC 4180) with a byte order mark, by which Excel knows it is UTF-8; piece by piece."""
    yield "\ufeff" + _line(head)
    for row in rows:
        yield _line(row)


def _line(row: Sequence[str]) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow([guarded(cell) for cell in row])
    return held.getvalue()
