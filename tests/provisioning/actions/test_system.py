"""`provisioning system --dry-run` shows, `system` writes, below another root nothing of this machine is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bed.program import appliance
from tests.provisioning.networks import FOLDER


def test_a_machine_in_a_folder_is_shown_and_written(tmp_path: Path) -> None:
    data, root = tmp_path / "var", tmp_path / "root"
    data.mkdir()
    shutil.copy(FOLDER / "fixed/appliance.toml", data)
    words = ("provisioning", "system", "--root", root, "--data", data)
    said = appliance(*words, "--dry-run").out
    assert "+Address=192.168.1.20/24" in said and not root.exists()
    assert "files written" in appliance(*words).out
    assert appliance(*words, "--dry-run").out == "0 files differ\n"
    assert appliance("provisioning", "confirm", "--data", data).out == "nothing is on trial\n"
    assert appliance("provisioning", "take-back", "--root", root, "--data", data).out == "nothing to take back\n"
