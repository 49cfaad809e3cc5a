"""`provisioning label` prints the code once, and none where somebody has an account."""

from __future__ import annotations

from pathlib import Path

from tests.bed.program import appliance


def test_the_code_is_printed_once(tmp_path: Path) -> None:
    words = ("provisioning", "label", "--data", tmp_path / "var")
    first = appliance(*words, "-o", tmp_path / "label.svg").out
    assert first.splitlines()[2].split()[1] in (tmp_path / "label.svg").read_text("utf-8")
    assert "printed already" in appliance(*words, code=2).sentence
    assert appliance(*words, "--again").out != first
    appliance("web", "password", "--data", tmp_path / "var")
    assert "has an account already" in appliance(*words, "--again", code=2).sentence
