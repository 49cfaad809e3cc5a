"""Every reason that a node or the engine gives has its sentence in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr_flows.effects import Why
from ivr_flows.reasons import REASONS, sentence

SOURCES = Path(__file__).resolve().parents[2] / "ivr_flows"
GIVEN = set(re.findall(r'Why\("([a-z-]+)"', "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py"))))


def test_every_reason_that_is_given_has_a_sentence() -> None:
    assert GIVEN - set(REASONS) == set()
    assert len(GIVEN) > 20


@pytest.mark.parametrize("code", REASONS)
def test_both_languages_use_the_same_words(code: str) -> None:
    japanese, english = ({*re.findall(r"\{\d\}", text)} for text in REASONS[code])
    assert japanese == english


def test_a_reason_is_told() -> None:
    assert sentence(Why("pressed", ("1", "営業")), "ja") == "キー 1 が押されました 営業"
    assert sentence(Why("pressed", ("1", "")), "en") == "key 1 was pressed"
    assert sentence(Why("compared", ("x", "{0}", "\n")), "en") == "x is {0}, which fits �"
