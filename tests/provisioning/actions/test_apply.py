"""`appliance provisioning plan|apply` as people use it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.bed.program import appliance
from tests.bed.switchboard import BOXES


def test_plan_and_dry_run_change_nothing_and_apply_does(tmp_path: Path) -> None:
    shutil.copy(BOXES / "pbx" / "appliance.toml", tmp_path / "appliance.toml")
    words = ("--data", str(tmp_path), "--target", str(tmp_path / "etc"))
    for action in (("plan",), ("apply", "--dry-run")):
        said = appliance("provisioning", *action, *words).out
        assert "extensions.conf (new)" in said
        assert not (tmp_path / "etc").exists()
    done = json.loads(appliance("provisioning", "apply", "--json", *words).out)
    assert "pjsip.conf" in done["written"]
    assert (tmp_path / "etc" / "pjsip.conf").exists()
    assert "as the configuration says" in appliance("provisioning", "plan", *words).out


def test_a_wrong_configuration_is_exit_code_3_with_file_line_and_mend(tmp_path: Path) -> None:
    text = (BOXES / "pbx" / "appliance.toml").read_text("utf-8").replace('number = "11"', 'number = "10"')
    (tmp_path / "appliance.toml").write_text(text, "utf-8")
    done = appliance("provisioning", "plan", "--data", str(tmp_path), code=3)
    line = text.splitlines().index("[[phone.extensions]]", text.splitlines().index('number = "10"')) + 2
    assert f"appliance.toml:{line}: phone.extensions[1].number: 10 is an extension already; give every number once" in done.error
