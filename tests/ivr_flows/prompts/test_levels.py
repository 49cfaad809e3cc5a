"""A sound that callers could not hear is refused; one that they would not like is warned of."""

from __future__ import annotations

import pytest

from ivr_flows.prompts.levels import decibels, judge

GOOD = {"seconds": 5.0, "peak": 0.5, "rms": 0.1, "clipped": 0, "rate": 16000}


def test_a_good_sound_has_nothing_wrong() -> None:
    assert judge(**GOOD) == []  # type: ignore[arg-type]
    assert decibels(0) < -100


@pytest.mark.parametrize(
    ("fault", "refused", "word"),
    [
        ({"peak": 0.001, "rms": 0.0005}, True, "silent"),
        ({"rms": 0.005}, False, "quiet"),
        ({"clipped": 200}, False, "clipped"),
        ({"seconds": 700.0}, True, "longer"),
        ({"seconds": 90.0}, False, "nobody listens"),
        ({"seconds": 0.0, "peak": 0.0, "rms": 0.0}, True, "empty"),
    ],
)
def test_a_fault_is_told_in_both_languages(fault: dict[str, float], refused: bool, word: str) -> None:
    (verdict,) = judge(**{**GOOD, **fault})  # type: ignore[arg-type]
    assert verdict.refused is refused
    assert word in verdict.en
    assert verdict.ja.endswith("。")
