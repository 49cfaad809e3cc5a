"""The national holidays of Japan as the Cabinet Office publishes them, and its file of them. Pure.

Equinoxes are fixed by the cabinet each February for the next year, and the Diet moves holidays at will, so that a table is shipped and
can be brought up to date with the Office's `syukujitsu.csv` (CP932: a heading, then `2027/1/1,元日`). Substitute holidays (Act on National
Holidays, art. 3 par. 2) and those between two others (par. 3) are rows of it, called 休日.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

LARGEST = 1 << 20
_TABLE = {
    2025: "1-1 元日,1-13 成人の日,2-11 建国記念の日,2-23 天皇誕生日,2-24 休日,3-20 春分の日,4-29 昭和の日,5-3 憲法記念日,"
    "5-4 みどりの日,5-5 こどもの日,5-6 休日,7-21 海の日,8-11 山の日,9-15 敬老の日,9-23 秋分の日,10-13 スポーツの日,11-3 文化の日,"
    "11-23 勤労感謝の日,11-24 休日",
    2026: "1-1 元日,1-12 成人の日,2-11 建国記念の日,2-23 天皇誕生日,3-20 春分の日,4-29 昭和の日,5-3 憲法記念日,5-4 みどりの日,"
    "5-5 こどもの日,5-6 休日,7-20 海の日,8-11 山の日,9-21 敬老の日,9-22 休日,9-23 秋分の日,10-12 スポーツの日,11-3 文化の日,"
    "11-23 勤労感謝の日",
    2027: "1-1 元日,1-11 成人の日,2-11 建国記念の日,2-23 天皇誕生日,3-21 春分の日,3-22 休日,4-29 昭和の日,5-3 憲法記念日,"
    "5-4 みどりの日,5-5 こどもの日,7-19 海の日,8-11 山の日,9-20 敬老の日,9-23 秋分の日,10-11 スポーツの日,11-3 文化の日,"
    "11-23 勤労感謝の日",
}


class HolidaysError(ValueError):
    """A file that is no table of holidays; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """A table of holidays: whole years."""

    days: Mapping[date, str]

    def name(self, day: date) -> str | None:
        """What holiday this day is."""
        return self.days.get(day)

    @property
    def until(self) -> date:
        """The last day of which it knows: the end of its last year."""
        return date(max((day.year for day in self.days), default=1), 12, 31)

    def with_file(self, newer: Holidays) -> Holidays:
        """This table with the years of a newer one in place of its own."""
        years = {day.year for day in newer.days}
        return Holidays({**{day: name for day, name in self.days.items() if day.year not in years}, **newer.days})


def _shipped() -> Iterator[tuple[date, str]]:
    for year, rows in _TABLE.items():
        for row in rows.split(","):
            day, name = row.split(" ")
            month, number = day.split("-")
            yield date(year, int(month), int(number)), name


SHIPPED = Holidays(dict(_shipped()))


def read_csv(data: bytes) -> Holidays:
    """The Cabinet Office's file, in CP932 or UTF-8. Raises HolidaysError."""
    if len(data) > LARGEST:
        raise HolidaysError(f"has {len(data)} bytes; the Cabinet Office's syukujitsu.csv has some 20,000")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932", "replace")
    days = {}
    for number, line in enumerate(text.splitlines(), 1):
        day, comma, name = (word.strip().strip('"') for word in line.partition(","))
        if number == 1 and not day[:1].isdigit():
            continue
        if day or name:
            days[_day(day, number)] = name if comma and name and len(name) <= 40 and name.isprintable() else "休日"
    if not days:
        raise HolidaysError("holds no holiday; take the Cabinet Office's syukujitsu.csv")
    return Holidays(days)


def _day(text: str, line: int) -> date:
    try:
        year, month, day = (int(word) for word in text.replace("-", "/").split("/"))
        return date(year, month, day)
    except ValueError as error:
        raise HolidaysError(f"line {line}: {text[:20]!r} is no date; it is written 2027/1/1") from error
