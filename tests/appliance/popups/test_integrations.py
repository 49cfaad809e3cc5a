"""An integration is a word of the configuration, an entry point, and a secret in a file that is nobody else's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import ApplianceError, ConfigError
from appliance.popups import integrations

SETTINGS = """
[[popup.integrations]]
name = "hook"
kind = "webhook"
options = { url = "https://hook.example/x" }
[[popup.integrations]]
name = "crm"
kind = "http"
deadline_seconds = 1.5
options = { url = "https://crm.example/{national}", hosts = ["crm.example"], name = "name" }
"""


def box_with(folder: Path, settings: str, secrets: str = "", mode: int = 0o600) -> Box:
    (folder / "keys").mkdir(parents=True)
    (folder / "appliance.toml").write_text(settings, "utf-8")
    if secrets:
        (folder / "keys" / integrations.SECRETS).write_text(secrets)
        (folder / "keys" / integrations.SECRETS).chmod(mode)
    return Box.at(folder)


def test_all_three_kinds_are_found_as_plug_ins() -> None:
    assert set(integrations.kinds()) >= {"webhook", "kintone", "http"}


def test_each_has_its_own_secret_and_no_other(tmp_path: Path) -> None:
    box = box_with(tmp_path / "var", SETTINGS, "[hook]\nkey = abc=def\n[other]\nkey = x\n")
    hook, crm = integrations.ready(box)
    assert (hook.secret, crm.secret) == ({"key": "abc=def"}, {})
    assert (hook.answers, crm.answers, crm.events, crm.seconds) == (False, True, (), 1.5)
    integrations.check(box)


def test_what_is_wrong_is_told_with_line_and_mend(tmp_path: Path) -> None:
    bad = SETTINGS.replace('"webhook"', '"webhok"').replace('hosts = ["crm.example"], ', "")
    with pytest.raises(ConfigError) as told:
        integrations.ready(box_with(tmp_path / "var", bad))
    assert "appliance.toml:4: popup.integrations[0].kind: 'webhok' is not one of" in str(told.value)
    assert "popup.integrations[1].options.hosts: is missing; add it" in str(told.value)


@pytest.mark.parametrize(("secrets", "mode"), [("[hook]\nkey = x\n", 0o644), ("no section", 0o600)])
def test_secrets_that_others_read_or_nobody_can_are_refused(tmp_path: Path, secrets: str, mode: int) -> None:
    with pytest.raises(ApplianceError, match=r"popup.secrets: is (open to others|not written as)"):
        integrations.ready(box_with(tmp_path / "var", SETTINGS, secrets, mode))
