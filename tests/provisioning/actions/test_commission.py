"""`provisioning commission` waits no longer than it was told to."""

from __future__ import annotations

from pathlib import Path

from tests.bed.program import appliance


def test_without_a_call_it_says_so(tmp_path: Path) -> None:
    words = ("provisioning", "commission", "--who", "x", "--data", tmp_path / "var")
    assert "no call was seen in 0 minutes" in appliance(*words, "--minutes", "0", code=4).error
    assert "there is no such call" in appliance(*words, "--call", "nobody", code=4).sentence
