"""`provisioning switch` turns a switch that there is, and says what it knows not."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli import main


def test_a_switch_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provisioning", "switch", "night", "on", "--data", str(tmp_path / "var")]) == 2
    assert "no such switch" in capsys.readouterr().err
