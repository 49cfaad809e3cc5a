"""The captures that are kept: read from their folder, the newest first; what is no capture is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance import diagnosis
from appliance.errors import CouldNotError
from appliance.folders import Folders

NAMES = ("20261122-120000-0000000a", "20261122-130000-0000000b")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders.below(tmp_path)
    found.captures.mkdir()
    for name in NAMES:
        told = {
            "at": 5,
            "who": "tech",
            "why": "echo",
            "seconds": 3.5,
            "whole": False,
            "number": "",
            "counts": {"sip": 4},
            "dropped": 0,
            "ended": "time",
        }
        diagnosis.file_of(folders := found, name).write_bytes(b"12345")
        diagnosis.about(folders, name).write_text(json.dumps(told))
    return found


def test_the_newest_comes_first(folders: Folders) -> None:
    found = diagnosis.kept(folders)
    assert [one.name for one in found] == [*reversed(NAMES)]
    assert (found[0].who, found[0].why, found[0].bytes, found[0].counts) == ("tech", "echo", 5, {"sip": 4})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "x"}', "\x00", '{"at": 1, "counts": []}'])
def test_what_is_none_is_passed_over(folders: Folders, text: str) -> None:
    diagnosis.about(folders, NAMES[1]).write_text(text)
    assert [one.name for one in diagnosis.kept(folders)] == [NAMES[0]]
    (folders.captures / "other.json").write_text("{}")
    diagnosis.file_of(folders, NAMES[0]).unlink()
    assert diagnosis.kept(folders) == []


@pytest.mark.parametrize("name", ["../ledger", "", "20261122-120000-0000000A", NAMES[0] + "\n", "x" * 300])
def test_nothing_else_is_read(folders: Folders, name: str) -> None:
    with pytest.raises(CouldNotError, match="no such capture"):
        diagnosis.get(folders, name)


def test_where_nobody_answers_the_service_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(CouldNotError, match="appliance-diagnose"):
        diagnosis.ask(tmp_path / "run", {"do": "look"})
