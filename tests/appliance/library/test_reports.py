"""`report completeness` says the same to people and to scripts, and ends with 4 where something does not add up."""

from __future__ import annotations

import json

import pytest

from appliance.cli import main
from tests.appliance.furnished import Furnished


def ran(at: Furnished, *words: str) -> int:
    return main(["report", "completeness", *words, "--data", str(at.box.folders.data)])


def test_a_box_that_adds_up_is_0_and_has_a_line_a_day(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(own) == 0
    out = capsys.readouterr().out
    assert "6 calls = 4 recorded (4 waiting) + 2 not (1 excluded_line, 1 not_answered)" in out


def test_a_gap_is_4_and_named(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    own.sealed("inbound").unlink()
    assert ran(own, "--json") == 4
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert not found["complete"] and own.recording("inbound").facts.recording in found["gaps"][0]["what"]
    assert set(found) == {"complete", "checkpoint", "days", "gaps"} and said.err.count("\n") == 1


def test_a_period_can_be_named_and_nonsense_is_one_sentence(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(own, "--from", "2099-01-01", "--json") == 0
    assert json.loads(capsys.readouterr().out)["days"] == []
    assert ran(own, "--from", "yesterday") == 2
