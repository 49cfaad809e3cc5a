"""Every fault has its sentence and its mend in both languages, and both fill in the same words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from ivr_flows.sentences import FINDINGS, LANGUAGES

SOURCES = Path(__file__).resolve().parents[2] / "ivr_flows"
NODE_WORDS = {"unknown-", "empty-"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", FINDINGS)
def test_a_fault_is_told_in_both_languages(code: str) -> None:
    told = FINDINGS[code]
    assert set(told.message) == set(told.mend) == set(LANGUAGES)
    assert fields(told.message["ja"]) == fields(told.message["en"])
    assert told.message["ja"].endswith("。")
    assert told.mend["ja"].endswith("。") or told.mend["ja"].endswith("）。")
    assert told.message["en"].endswith(".")
    assert told.severity in ("error", "warning")


@pytest.mark.parametrize("code", FINDINGS)
def test_a_fault_is_found_somewhere(code: str) -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py") if path.name != "sentences.py")
    made = code.partition("-")[0] in ("unknown", "empty")
    assert f'"{code}"' in text or (made and re.search(r'f"(unknown|empty)-\{kind\}"', text))
