"""A date is a day at the site, a moment is a moment, and nothing that a calendar holds breaks the search."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from appliance.moments import from_iso
from appliance.web.api.moments import Moment, begin_of, told

TOKYO = ZoneInfo("Asia/Tokyo")
KNOWN: TypeAdapter[str] = TypeAdapter(Moment)


def test_a_date_begins_at_the_sites_midnight_and_ends_at_the_next() -> None:
    assert begin_of("2026-11-22", TOKYO) == from_iso("2026-11-22T00:00:00+09:00")
    assert begin_of("2026-11-22", TOKYO, following=True) == from_iso("2026-11-23T00:00:00+09:00")
    assert begin_of("2026-11-22T18:00:00Z", TOKYO, following=True) == from_iso("2026-11-22T18:00:00+00:00")
    assert begin_of(None, TOKYO) is None


@pytest.mark.parametrize(
    "text", ["", "x", "2026", "2026-13-01", "2026-02-30", "20261122", "2026-W01", "2026-11-22T18:00:00", "1", " 2026-11-22"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        KNOWN.validate_python(text)


@given(st.dates() | st.datetimes(timezones=st.timezones()), st.booleans())
def test_every_moment_of_the_calendar_fits_the_database(moment: object, following: bool) -> None:
    text = str(moment.isoformat())  # type: ignore[attr-defined]
    try:
        KNOWN.validate_python(text)
    except ValidationError:  # an offset with seconds, which RFC 3339 does not know
        return
    found = begin_of(text, TOKYO, following=following)
    assert found is not None
    assert -(2**63) < found < 2**63


def test_a_moment_is_told_with_the_sites_offset() -> None:
    assert told(None, TOKYO) is None
    shown = told(from_iso("2026-11-22T18:00:00+09:00"), TOKYO)
    assert shown is not None
    assert shown.isoformat() == "2026-11-22T18:00:00+09:00"
