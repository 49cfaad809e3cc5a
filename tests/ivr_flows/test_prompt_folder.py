"""Sounds are found by name; those beside the flow win over the box's own."""

from __future__ import annotations

import array
from pathlib import Path

from ivr_flows import prompt_folder
from ivr_flows.prompts.wave_file import written


def test_a_sound_beside_the_flow_wins(tmp_path: Path) -> None:
    data, beside = tmp_path / "var", tmp_path / "flows"
    for folder, length in ((data / "prompts", 8000), (beside / "prompts", 16000)):
        folder.mkdir(parents=True)
        (folder / "welcome.wav").write_bytes(written(array.array("h", [0] * length), 8000))
        (folder / "bad name.wav").write_bytes(b"")
        (folder / "notes.txt").write_bytes(b"")
    (data / "prompts" / "music.mp3").write_bytes(b"ID3")
    found = prompt_folder.search(data, beside)
    assert set(found) == {"welcome", "music"}
    assert prompt_folder.lengths(found) == {"welcome": 2.0, "music": prompt_folder.UNKNOWN_S}
    assert prompt_folder.lengths(prompt_folder.search(data, None))["welcome"] == 1.0


def test_an_empty_box_has_none(tmp_path: Path) -> None:
    assert prompt_folder.search(tmp_path, None) == {}
    assert prompt_folder.rendered(tmp_path) == {}
