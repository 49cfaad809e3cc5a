"""`appliance provisioning asterisk` says what counts and what to do where nothing does."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bed.program import appliance

WORDS = ("provisioning", "asterisk")


def test_without_a_root_it_says_how_to_get_one(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert "run: appliance provisioning asterisk install" in appliance(*WORDS, "status", *data).out
    assert json.loads(appliance(*WORDS, "status", "--json", *data).out) == {"root": None, "previous": None}


def test_what_cannot_be_done_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert "there is no root before this one" in appliance(*WORDS, "take-back", *data, code=4).error
    done = appliance(*WORDS, "install", "--from", str(tmp_path / "gone.tar"), *data, code=4)
    assert "gone.tar: cannot be unpacked" in done.error
    assert list((tmp_path / "asterisk").iterdir()) == []
