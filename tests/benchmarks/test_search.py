"""The search benchmark fills its table; its figures are judged by people, never here."""

from __future__ import annotations

import pytest

from benchmarks import search


def test_every_question_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("CALLS", 300), ("NUMBERS", 50), ("CUSTOMERS", 80), ("ROUNDS", 2)):
        monkeypatch.setattr(search, name, few)
    rows = [line for line in search.lines() if line.startswith("| ")]
    assert len(rows) > 20
    assert len({row.split("|")[1] for row in rows}) == len(rows), "each question once"
