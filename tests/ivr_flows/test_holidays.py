"""The shipped table is the Cabinet Office's: it agrees with the law as computed here, and with its file once that is taken in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.holidays import LARGEST, SHIPPED, Holidays, HolidaysError, read_csv


def monday(year: int, month: int, count: int) -> date:
    """The so-many-th Monday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(-first.weekday()) % 7 + 7 * (count - 1))


def equinox(year: int, base: float) -> int:
    """The day of an equinox, 1980 to 2099, by the Hydrographic Office's approximation."""
    return int(base + 0.242194 * (year - 1980) - (year - 1980) // 4)


def by_law(year: int) -> Iterator[date]:
    """National holidays (Act 178 of 1948, as it stands since 2022), with substitutes and days between."""
    fixed = [(1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23)]
    days = {date(year, *one) for one in fixed}
    days |= {monday(year, 1, 2), monday(year, 7, 3), monday(year, 9, 3), monday(year, 10, 2)}
    days |= {date(year, 3, equinox(year, 20.8431)), date(year, 9, equinox(year, 23.2488))}
    substitutes: set[date] = set()
    for day in sorted(days):
        if day.weekday() == 6:  # art. 3 par. 2: the next day that is none
            substitutes.add(next(after for step in range(1, 9) if (after := day + timedelta(days=step)) not in days | substitutes))
    between = {day + timedelta(days=1) for day in days if day + timedelta(days=2) in days} - days - substitutes
    yield from days | substitutes | {day for day in between if day.weekday() != 6}


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_the_shipped_table_agrees_with_the_law(year: int) -> None:
    assert {day for day in SHIPPED.days if day.year == year} == set(by_law(year))


def test_substitutes_and_days_between_are_called_so() -> None:
    assert SHIPPED.name(date(2026, 9, 22)) == "休日"
    assert SHIPPED.name(date(2027, 3, 22)) == "休日"
    assert SHIPPED.name(date(2027, 1, 1)) == "元日"
    assert SHIPPED.name(date(2027, 1, 2)) is None


def test_a_table_knows_how_far_it_reaches() -> None:
    assert SHIPPED.until == date(2027, 12, 31)
    assert Holidays({}).until < date(1900, 1, 1)


def test_the_cabinet_offices_file_is_read() -> None:
    text = "国民の祝日・休日月日,国民の祝日・休日名称\r\n2028/1/1,元日\r\n2028/1/10,成人の日\r\n"
    for data in (text.encode("cp932"), text.encode()):
        assert read_csv(data).days == {date(2028, 1, 1): "元日", date(2028, 1, 10): "成人の日"}


def test_a_newer_file_replaces_whole_years() -> None:
    newer = read_csv("2027/7/20,海の日\n2028/1/1,元日\n".encode())
    both = SHIPPED.with_file(newer)
    assert both.name(date(2027, 7, 19)) is None
    assert both.name(date(2027, 7, 20)) == "海の日"
    assert both.name(date(2026, 7, 20)) == "海の日"
    assert both.until == date(2028, 12, 31)


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n", b"2028/13/1,x\n2028/1/1,y\n", b"2028/1/1,x\nwords\n", b"\x00" * 50, b"1" * (LARGEST + 1)]
)
def test_what_is_no_table_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(HolidaysError) as caught:
        read_csv(data)
    assert len(str(caught.value)) > 20


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_the_one_error(data: bytes) -> None:
    try:
        assert read_csv(data).days
    except HolidaysError as error:
        assert str(error)
