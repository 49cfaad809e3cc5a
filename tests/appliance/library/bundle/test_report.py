"""The report is one page that loads nothing from elsewhere, says what was signed, and shows no text as markup."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.library.bundle import report

EVIL = '<script>alert("x")</script>'


def page(language: str) -> str:
    bundle: dict[str, Any] = {
        "made_at": 10**18, "who": EVIL, "why": EVIL, "requester": "", "contract": "C-1", "serial": "box", "key": "ab" * 32,
        "stamped": True, "checkpoint": {"size": 12, "signed_at": 10**18},
    }  # fmt: skip
    facts = {
        "recording": {
            "recording": "a" * 16, "started_at": 10**18, "seconds": 61.25, "lost": 3, "packets": 900, "cut": True, "one_sided": False,
            "sealed_sha256": "cd" * 32, "plain_sha256": "ef" * 32,
        },
        "call": {"caller": "0312345678", "caller_name": EVIL, "caller_reason": None, "called": "0398765432", "direction": "inbound"},
        "sequence": 7,
    }  # fmt: skip
    log = [{"at": "2026-11-22T10:00:00+09:00", "kind": "Listened", "who": EVIL, "what": EVIL}]
    return report.page(language, bundle, [{"facts": facts, "log": log}], ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize("language", report.LANGUAGES)
def test_it_says_what_was_signed_and_by_whom(language: str) -> None:
    text = page(language)
    assert f'<html lang="{language}">' in text
    for wanted in ("a" * 16, "cd" * 32, "ef" * 32, "ab" * 32, "0312345678", "61.2", "3 / 900", "2001-09-09 10:46:40", "C-1 / box"):
        assert wanted in text, wanted


@pytest.mark.parametrize("language", report.LANGUAGES)
def test_it_loads_nothing_and_runs_nothing(language: str) -> None:
    text = page(language)
    assert not re.search(r"(src|href|url|@import)\s*[=(]", text)
    assert "<script" not in text and "default-src 'none'" in text


def test_every_sentence_is_in_both_languages() -> None:
    for word, said in report._WORDS.items():
        assert len(said) == len(report.LANGUAGES) and all(said), word
        assert re.search(r"[\u3040-\u9fff]", said[0]) and not re.search(r"[\u3040-\u9fff]", said[1]), word
    assert "通話録音 証拠報告書" in page("ja") and "evidence report" in page("en")
