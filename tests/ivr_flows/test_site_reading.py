"""What lint knows of a box is what its configuration says of telephones; without that it is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from ivr_flows.site_reading import site_of

TELEPHONES = """
[phone]
enabled = true
extensions = [{ number = "201" }, { number = "202" }]
groups = [{ name = "front", members = ["201", "202"] }]
boxes = [{ number = "201" }]
"""


def with_settings(folder: Path, text: str) -> Box:
    folder.mkdir()
    (folder / "appliance.toml").write_text(text, "utf-8")
    return Box.at(folder)


def test_without_a_configuration_nothing_is_known(box: Box) -> None:
    assert site_of(box) is None


@pytest.mark.parametrize("text", ["", '[site]\nname = "本店"\n'])
def test_a_recorder_without_telephones_knows_nothing_of_groups(tmp_path: Path, text: str) -> None:
    assert site_of(with_settings(tmp_path / "var", text)) is None


def test_groups_and_boxes_are_those_of_the_configuration(tmp_path: Path) -> None:
    site = site_of(with_settings(tmp_path / "var", TELEPHONES))
    assert site is not None
    assert site.groups == {"front": 2}
    assert site.extensions == {"201", "202"}
    assert site.boxes == {"201"}
