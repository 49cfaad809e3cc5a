"""Which local copies make room when the disk fills: the oldest that are stored and were read back, and no more than must. Pure.

What is not stored yet is never among them, however full the disk is, nor what is held for a case: then the health page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appliance.calls import Recording


def chosen(found: Iterable[Recording], missing: int) -> Iterator[Recording]:
    """The recordings whose local copies give `missing` bytes, oldest first; fewer where there are no more that may go."""
    may_go = [
        one for one in found if one.stored_at is not None and one.expired_at is None and one.erased_at is None and not one.held
    ]
    for recording in sorted(may_go, key=lambda one: (one.facts.started_at, one.facts.sequence)):
        if missing <= 0:
            return
        missing -= recording.facts.bytes
        yield recording
