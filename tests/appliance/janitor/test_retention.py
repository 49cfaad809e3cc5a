"""Only a local copy that is old enough, stored elsewhere and held for no case may go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.calls import Recording
from appliance.janitor.retention import due
from appliance.moments import SECOND
from tests.fakes import facts
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND
STORED = Recording(
    facts=facts.ready(started_at=START), store="folder", key="v1/x", stored_at=START + SECOND, parked=None, expired_at=None, held=False,
    erased_at=None,
)  # fmt: skip
MOMENTS = st.none() | st.integers(0, 2 * START)
recordings = st.builds(
    Recording, facts=st.builds(lambda at: facts.ready(started_at=at), st.integers(0, 2 * START)), store=st.none(), key=st.none(),
    stored_at=MOMENTS, parked=st.none() | st.just("why"), expired_at=MOMENTS, held=st.booleans(), erased_at=MOMENTS,
)  # fmt: skip


@pytest.mark.parametrize(("age", "goes"), [(30 * DAY - 1, False), (30 * DAY, False), (30 * DAY + 1, True), (-DAY, False)])
def test_a_copy_goes_when_it_is_older_than_the_days(age: int, goes: bool) -> None:
    found = list(due([STORED], START + age, 30))
    assert [expiry.recording for expiry in found] == [STORED] * goes
    assert all(expiry.rule == "retention.local_days = 30" for expiry in found)


@pytest.mark.parametrize(
    "kept",
    [
        replace(STORED, stored_at=None),
        replace(STORED, held=True),
        replace(STORED, expired_at=START),
        replace(STORED, erased_at=START),
        replace(STORED, stored_at=None, parked="the store refuses it"),
    ],
    ids=["not stored", "held", "gone already", "erased", "parked"],
)
def test_a_copy_that_is_not_stored_or_is_held_or_gone_is_not_due(kept: Recording) -> None:
    assert list(due([kept], START + 9999 * DAY, 1)) == []


def test_without_a_limit_nothing_ever_goes() -> None:
    assert list(due([STORED], START + 9999 * DAY, 0)) == []


@given(st.lists(recordings, max_size=8), st.integers(0, 4 * START), st.integers(0, 10_000))
def test_whatever_goes_is_stored_not_held_and_old_enough(found: list[Recording], now: int, days: int) -> None:
    gone = [expiry.recording for expiry in due(found, now, days)]
    for recording in gone:
        assert recording.stored_at is not None and not recording.held
        assert recording.expired_at is None and recording.erased_at is None
        assert days and now - recording.facts.started_at > days * DAY
    assert gone == [recording for recording in found if recording in gone], "in order, each as often as it is there"
