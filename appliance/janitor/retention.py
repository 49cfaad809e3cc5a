"""Which local copies may go, by which rule. Pure.

Only what is stored elsewhere and was read back there may go; what is held for a case stays, whatever its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.calls import Recording
from appliance.moments import SECOND

_DAY = 24 * 3600 * SECOND


class Expiry(NamedTuple):
    """A local copy that may go, and the rule that says so."""

    recording: Recording
    rule: str


def due(found: Iterable[Recording], now: int, local_days: int) -> Iterator[Expiry]:
    """Local copies older than `local_days` (0: none ever)."""
    if not local_days:
        return
    for recording in found:
        gone = recording.expired_at is not None or recording.erased_at is not None
        old = recording.facts.started_at < now - local_days * _DAY
        if old and not gone and not recording.held and recording.stored_at is not None:
            yield Expiry(recording, f"retention.local_days = {local_days}")
