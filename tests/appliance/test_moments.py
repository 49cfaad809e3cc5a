"""Moments are exact integers: what is written as ISO 8601 is read as the same moment, in every zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import moments
from appliance.moments import SECOND

MOMENTS = st.integers(-(2**61), 2**62)
ZONES = st.sampled_from([UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")])
OFFSETS = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TOKYO = ZoneInfo("Asia/Tokyo")


@given(MOMENTS, ZONES)
def test_a_moment_comes_back_from_its_text_to_the_microsecond(moment: int, zone: ZoneInfo) -> None:
    assert moments.from_iso(moments.isoformat(moment, zone)) == moment // 1000 * 1000


@given(MOMENTS, ZONES)
def test_every_zone_shows_the_same_moment(moment: int, zone: ZoneInfo) -> None:
    assert moments.to_datetime(moment, zone) == moments.to_datetime(moment, UTC)


@given(st.datetimes(datetime(1800, 1, 1), datetime(2100, 1, 1), timezones=OFFSETS))
def test_the_standard_library_agrees(shown: datetime) -> None:
    assert moments.to_datetime(moments.from_iso(shown.isoformat())) == shown


def test_text_has_an_offset_and_microseconds() -> None:
    assert moments.isoformat(1_790_000_000 * SECOND + 123_456_789, TOKYO) == "2026-09-21T23:13:20.123456+09:00"


def test_a_text_without_an_offset_is_read_in_the_zone() -> None:
    assert moments.from_iso("2026-09-21T23:13:20", TOKYO) == 1_790_000_000 * SECOND
    assert moments.from_iso("2026-09-21", TOKYO) == moments.from_iso("2026-09-20T15:00:00Z")


def test_an_offset_in_the_text_counts_more_than_the_zone() -> None:
    assert moments.from_iso("2026-09-21T14:13:20Z", TOKYO) == 1_790_000_000 * SECOND


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "2026-09-21T25:00", "1790000000"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        moments.from_iso(text)


@given(st.text(max_size=30))
def test_any_text_gives_a_moment_or_value_error(text: str) -> None:
    try:
        moment = moments.from_iso(text)
    except ValueError:
        return
    assert moments.from_iso(moments.isoformat(moment)) == moment


@pytest.mark.parametrize(
    ("value", "whole"), [(0, 0), (1, SECOND), (0.02, 20 * moments.MILLISECOND), (1e-9, 1), (-1.5, -1_500_000_000)]
)
def test_seconds_become_nanoseconds(value: float, whole: int) -> None:
    assert moments.seconds(value) == whole
