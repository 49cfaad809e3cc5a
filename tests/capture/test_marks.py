"""Marks tell of pauses: a pause goes from its command to the next resume, or to the end that was set for it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.ids import CallId
from appliance.records import RecordingPaused, RecordingResumed
from capture.marks import FOREVER, Mark, record_of, spans

CALL = CallId("callaaaaaaaaaaaa")


def pause(at: int, until: int = FOREVER) -> Mark:
    return Mark(at, True, until, "admin", "api", "card number")


def resume(at: int) -> Mark:
    return Mark(at, False, 0, "admin", "api", "")


def ends(*marks: Mark) -> list[tuple[int, int]]:
    return [(span.begin, span.end) for span in spans(marks)]


def test_a_pause_ends_with_the_resume_or_by_itself() -> None:
    assert ends(pause(10), resume(20), pause(30, 40), pause(50)) == [(10, 20), (30, 40), (50, FOREVER)]
    assert ends(pause(10, 15), resume(20)) == [(10, 15)]
    assert ends(pause(10), pause(12), resume(20), resume(25)) == [(10, 20)]
    assert ends() == []


def test_a_mark_is_a_fact_of_the_ledger() -> None:
    paused, resumed = record_of(CALL, pause(10, 15)), record_of(CALL, resume(20))
    assert isinstance(paused, RecordingPaused)
    assert isinstance(resumed, RecordingResumed)
    assert (paused.at, paused.who, paused.how, paused.why, paused.until) == (10, "admin", "api", "card number", 15)
    forever: Any = record_of(CALL, pause(10))
    assert forever.until is None


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans(), st.integers(1, 50))))
def test_pauses_follow_one_another_whatever_the_marks(told: list[tuple[int, bool, int]]) -> None:
    found = ends(*(pause(at, at + length) if paused else resume(at) for at, paused, length in told))
    flat = [moment for span in found for moment in span]
    assert flat == sorted(flat)
