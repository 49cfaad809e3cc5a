"""Time as the whole house uses it: integer nanoseconds since 1970-01-01T00:00:00Z. Pure.

Integers keep the capture's timestamps exact through hashing, storing and replaying. Durations are measured with the monotonic clock,
names and rows use UTC, people see the site's own time zone. What time it is now is `clock.py`'s business.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import NewType

Nanoseconds = NewType("Nanoseconds", int)

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


def seconds(value: float) -> Nanoseconds:
    """Seconds as nanoseconds."""
    return Nanoseconds(round(value * SECOND))


def to_datetime(moment: int, zone: tzinfo = UTC) -> datetime:
    """A moment as an aware datetime in `zone` (microseconds; the rest is cut off)."""
    whole, rest = divmod(moment, SECOND)
    return datetime.fromtimestamp(whole, tz=zone).replace(microsecond=rest // 1000)


def isoformat(moment: int, zone: tzinfo = UTC) -> str:
    """A moment as ISO 8601 with offset, to the microsecond."""
    return to_datetime(moment, zone).isoformat(timespec="microseconds")


def from_iso(text: str, zone: tzinfo = UTC) -> Nanoseconds:
    """An ISO 8601 date or date-time as a moment; without an offset it is read in `zone`. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
    whole = int(parsed.replace(microsecond=0).timestamp())
    return Nanoseconds(whole * SECOND + parsed.microsecond * 1000)
