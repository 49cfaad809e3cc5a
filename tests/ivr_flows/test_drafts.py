"""A draft is kept whole, tells who wrote it, and is not overwritten by somebody who began with another text."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import CouldNotError, UsageError
from ivr_flows import drafts
from ivr_flows.drafts import Draft, StaleError


def test_a_draft_is_kept_and_dropped(tmp_path: Path) -> None:
    assert drafts.read(tmp_path, "main") is None
    began = drafts.save(tmp_path, "main", Draft("flow: 代表", "sato", 5), "")
    assert drafts.read(tmp_path, "main") == Draft("flow: 代表", "sato", 5)
    assert drafts.names(tmp_path) == ["main"]
    drafts.save(tmp_path, "main", Draft("flow: b", "ito", 6), began)
    drafts.drop(tmp_path, "main")
    assert drafts.names(tmp_path) == []


def test_who_began_with_another_text_overwrites_nothing(tmp_path: Path) -> None:
    drafts.save(tmp_path, "main", Draft("a", "sato", 5), "")
    with pytest.raises(StaleError, match="sato has changed the draft"):
        drafts.save(tmp_path, "main", Draft("b", "ito", 6), "")
    assert drafts.read(tmp_path, "main") == Draft("a", "sato", 5)


def test_names_are_no_paths_and_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no flow's name"):
        drafts.read(tmp_path, "../x")
    drafts.save(tmp_path, "main", Draft("a", "sato", 5), "")
    drafts.path_of(tmp_path, "main").with_suffix(".json").write_text("[")
    with pytest.raises(CouldNotError, match="cannot be read"):
        drafts.read(tmp_path, "main")
