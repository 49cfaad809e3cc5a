"""Room is made by the oldest stored copies and no more of them than must; what is not stored or is held never goes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from appliance.calls import Recording
from appliance.janitor.eviction import chosen
from tests.fakes import facts


def recording(
    place: int, size: int, *, stored: bool = True, held: bool = False, gone: bool = False, erased: bool = False
) -> Recording:
    ready = facts.ready(recording=f"r{place}", sequence=place + 1, started_at=place, bytes=size)
    known = Recording(facts=ready, store=None, key=None, stored_at=None, parked=None, expired_at=None, held=held, erased_at=None)
    return replace(known, stored_at=1 if stored else None, expired_at=1 if gone else None, erased_at=1 if erased else None)


def names(found: list[Recording], missing: int) -> list[str]:
    return [one.facts.recording for one in chosen(found, missing)]


def test_the_oldest_go_first_and_no_more_than_must() -> None:
    found = [recording(place, 100) for place in (3, 1, 2, 0)]
    assert names(found, 0) == names(found, -5) == []
    assert names(found, 1) == names(found, 100) == ["r0"]
    assert names(found, 101) == ["r0", "r1"]
    assert names(found, 10**9) == ["r0", "r1", "r2", "r3"]


def test_what_is_not_stored_held_gone_or_erased_is_passed_over() -> None:
    found = [
        recording(0, 100, stored=False), recording(1, 100, held=True), recording(2, 100, gone=True), recording(3, 100, erased=True),
        recording(4, 100),
    ]  # fmt: skip
    assert names(found, 10**9) == ["r4"]


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans(), st.booleans()), max_size=30), st.integers(-10, 20_000))
def test_whatever_the_disk_wants_nothing_is_lost(kinds: list[tuple[int, bool, bool]], missing: int) -> None:
    found = [recording(place, size, stored=stored, held=held) for place, (size, stored, held) in enumerate(kinds)]
    gone = list(chosen(found, missing))
    assert all(one.stored_at is not None and not one.held for one in gone)
    assert [one.facts.started_at for one in gone] == sorted(one.facts.started_at for one in gone)
    if gone:
        assert sum(one.facts.bytes for one in gone[:-1]) < missing, "the last one was needed"
