"""What a page says of a text is what the command line says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import UsageError
from ivr_flows.console import flow_view
from tests.fakes.clock import START
from tests.ivr_flows.conftest import Ivr
from tests.ivr_flows.made import WHOLE, text


def test_the_faults_are_those_of_lint(ivr: Ivr, tmp_path: Path) -> None:
    file = tmp_path / "made.yaml"
    file.write_bytes(text("  a: {type: menu, keys: {x: there}}"))
    looked = flow_view.look(Box.at(tmp_path / "var"), "made", file.read_text("utf-8"))
    assert looked.told("ja") == json.loads(ivr("lint", file, "--json", "--lang", "ja").out)
    assert looked.errors


def test_a_walk_is_that_of_the_simulator(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    looked = flow_view.look(box, "main", WHOLE.read_text("utf-8"))
    asked = {"at": "2027-01-06T11:00", "caller": "0312345678", "keys": "1,5"}
    walk, _ = flow_view.walked(box, looked, asked, START)
    assert walk.path[-4:] == ["sales", "survey", "keep", "thanks"]
    nobody, _ = flow_view.walked(box, looked, {**asked, "answered": "no", "night": "night"}, START)
    assert nobody.path == ["hours", "closed_msg"]
    with pytest.raises(UsageError, match="is no moment"):
        flow_view.walked(box, looked, {"at": "yesterday"}, START)


def test_a_difference_names_what_went_and_what_came() -> None:
    found = flow_view.diff("a\nb\n", "a\nc\n")
    assert [(line.kind, line.text) for line in found if line.kind in ("old", "new")] == [("old", "b"), ("new", "c")]
    assert flow_view.diff("a", "a") == []
