"""Published flows are read from where they lie; a damaged one is said and takes no other away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance import flow_shelf
from appliance.flow_shelf import FlowShelfError, Published

REVISION = "0001-abcdefgh"
META = {"fallback": "group:front", "title": "代表", "max_minutes": 10}


def put(data: Path, flow: str, revision: str = REVISION, **meta: object) -> None:
    folder = flow_shelf.revision_folder(data, flow, revision)
    folder.mkdir(parents=True)
    (folder / "flow.yaml").write_text("flow: x\n")
    (folder / "meta.json").write_text(json.dumps({**META, **meta}))


def test_a_live_flow_says_what_the_dialplan_needs(tmp_path: Path) -> None:
    put(tmp_path, "main")
    assert flow_shelf.live(tmp_path) == {}
    flow_shelf.point(tmp_path, "main", REVISION)
    published = Published(flow="main", revision=REVISION, fallback="group:front", title="代表", max_minutes=10)
    assert flow_shelf.live(tmp_path) == {"main": published}
    assert flow_shelf.file_of(tmp_path, published).read_text() == "flow: x\n"
    assert flow_shelf.prompt_file(tmp_path, "main", REVISION, "k").parts[-3:] == (REVISION, "prompts", "k")


def test_revisions_are_listed_the_oldest_first(tmp_path: Path) -> None:
    for revision in ("0010-abcdefgh", "0002-abcdefgh", "0001-zzzzzzzz"):
        put(tmp_path, "main", revision)
    (flow_shelf.folder(tmp_path, "main") / "revisions" / ".0011-abcdefgh.part").mkdir()
    assert flow_shelf.revisions(tmp_path, "main") == ["0001-zzzzzzzz", "0002-abcdefgh", "0010-abcdefgh"]
    assert flow_shelf.revisions(tmp_path, "other") == []


@pytest.mark.parametrize("pointer", [b"", b"../../etc", b"0002-abcdefgh", b"\xff\xfe", b"0001-abcdefgh/../x"])
def test_a_damaged_pointer_is_said_and_takes_no_other_flow_away(tmp_path: Path, pointer: bytes) -> None:
    for flow in ("main", "night"):
        put(tmp_path, flow)
        flow_shelf.point(tmp_path, flow, REVISION)
    (flow_shelf.folder(tmp_path, "main") / "live").write_bytes(pointer)
    assert list(flow_shelf.live(tmp_path)) == ["night"]
    (sentence,) = flow_shelf.damaged(tmp_path)
    assert "main" in sentence
    assert "publish" in sentence


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fallback": 3, "title": "x", "max_minutes": 1}', "[" * 100_000])
def test_a_damaged_description_is_said(tmp_path: Path, text: str) -> None:
    put(tmp_path, "main")
    flow_shelf.point(tmp_path, "main", REVISION)
    (flow_shelf.revision_folder(tmp_path, "main", REVISION) / "meta.json").write_text(text)
    assert flow_shelf.live(tmp_path) == {}
    assert len(flow_shelf.damaged(tmp_path)) == 1


def test_the_pointer_never_leads_to_what_is_not_there(tmp_path: Path) -> None:
    put(tmp_path, "main")
    flow_shelf.point(tmp_path, "main", REVISION)
    with pytest.raises(FlowShelfError):
        flow_shelf.point(tmp_path, "main", "0002-abcdefgh")
    assert flow_shelf.live_revision(tmp_path, "main") == REVISION


def test_a_box_without_flows_has_none(tmp_path: Path) -> None:
    assert flow_shelf.flows(tmp_path) == []
    assert flow_shelf.live_revision(tmp_path, "main") is None
    assert flow_shelf.damaged(tmp_path) == []
