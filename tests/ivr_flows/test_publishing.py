"""Publishing moves one pointer, or leaves everything as it was; a revision never changes, and the register knows who and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance import flow_shelf, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.records import Changed
from ivr_flows import surroundings
from ivr_flows.prompts.engine import Told
from ivr_flows.prompts.rendering import Kitchen
from ivr_flows.publishing import Done, Refusal, publish, rollback, spoken_by
from ivr_flows.said import Spoken, every_digit
from ivr_flows.surroundings import Written
from tests import needs
from tests.ivr_flows.made import made, text

pytestmark = needs.program("ffmpeg", "espeak-ng")
NODE = '  a: {{type: play, language: en, say: "Hello {}.", next: there}}'


def flow(word: str = "one", head: str = "") -> Written:
    return Written("x.yaml", text(NODE.format(word), head))


def done(box: Box, word: str = "one") -> Done:
    came = publish(box, flow(word), "suzuki", "because")
    assert isinstance(came, Done)
    return came


def changes(box: Box) -> list[Changed]:
    with Ledger.open(box.folders.ledger) as ledger:
        return [row.record for row in ledger.since(0) if isinstance(row.record, Changed)]


def test_a_published_flow_is_live_with_everything_it_needs(box: Box) -> None:
    came = done(box)
    data = box.folders.data
    assert flow_shelf.live(data) == {"made": came.published}
    assert (came.published.fallback, came.published.max_minutes) == ("group:front", 10)
    key = Spoken("Hello one.", "en").key
    prompt = flow_shelf.prompt_file(data, "made", came.published.revision, key)
    assert {path.name for path in prompt.parent.iterdir()} == {f"{key}.wav", f"{key}.wav16"}
    assert flow_shelf.meta(data, "made", came.published.revision)["prompts"][key]["words"] == "Hello one."
    assert surroundings.find(box, "made").data == flow().data


def test_the_register_knows_who_and_why(box: Box) -> None:
    done(box)
    (change,) = changes(box)
    assert (change.thing, change.who, change.why) == ("flow:made", "suzuki", "because")
    assert change.what.startswith("published 0001-")


def test_the_same_flow_again_changes_nothing(box: Box) -> None:
    first = done(box)
    second = done(box)
    assert (second.fresh, second.published) == (False, first.published)
    assert len(changes(box)) == 1


def test_a_revision_is_never_written_again(box: Box) -> None:
    revision = done(box).published.revision
    folder = flow_shelf.revision_folder(box.folders.data, "made", revision)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}
    for word in ("two", "one"):
        done(box, word)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert all(not path.stat().st_mode & 0o222 for path in before)
    assert [name[:4] for name in flow_shelf.revisions(box.folders.data, "made")] == ["0001", "0002", "0003"]


@pytest.mark.parametrize(
    "head", ["limits: {max_steps: many}", "tests: [{name: t, at: 2027-01-01 10:00, expect: {end: voicemail}}]", "start: nowhere"]
)
def test_a_refused_flow_leaves_the_old_one_live(box: Box, head: str) -> None:
    live = done(box).published
    came = publish(box, flow("two", head), "suzuki", "")
    assert isinstance(came, Refusal)
    assert bool(came.findings) is not bool(came.failed)
    assert flow_shelf.live(box.folders.data) == {"made": live}
    assert len(changes(box)) == 1


def test_a_prompt_that_is_no_sound_leaves_the_old_one_live(box: Box, tmp_path: Path) -> None:
    live = done(box).published
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "bad.wav").write_bytes(b"no sound")
    with pytest.raises(CouldNotError, match=r"bad\.wav"):
        publish(box, Written("x", text("  a: {type: play, prompt: bad, next: there}"), tmp_path), "suzuki", "")
    assert flow_shelf.live(box.folders.data) == {"made": live}


@pytest.mark.parametrize("place", ["make_folder", "write", "create", "sync_folder"])
def test_a_disk_that_refuses_leaves_the_old_one_live_and_nothing_half_written(
    box: Box, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    live = done(box).published
    rendered = Kitchen(box.folders.data / "prompts" / "rendered", {}).render([Spoken("Hello two.", "en")])
    monkeypatch.setattr(Kitchen, "render", lambda *_: rendered)
    real = getattr(shelf, place)

    def full(*words: object, **named: object) -> object:
        if any(".part" in str(word) or "revisions" in str(word) for word in words):
            raise shelf.ShelfError("disk full")
        return real(*words, **named)

    monkeypatch.setattr(shelf, place, full)
    with pytest.raises(CouldNotError):
        publish(box, flow("two"), "suzuki", "")
    monkeypatch.undo()
    assert flow_shelf.live(box.folders.data) == {"made": live}
    assert not list(flow_shelf.folder(box.folders.data, "made").rglob("*.part"))
    assert len(changes(box)) == 1


def test_a_ledger_that_refuses_leaves_the_old_one_live(box: Box) -> None:
    live = done(box).published
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.connection.execute("DROP TABLE record")
    with pytest.raises(CouldNotError):
        publish(box, flow("two"), "suzuki", "")
    assert flow_shelf.live(box.folders.data) == {"made": live}


def test_rolling_back_moves_the_pointer_only(box: Box) -> None:
    one, two = done(box).published.revision, done(box, "two").published.revision
    assert rollback(box, "made", "", "tanaka", "wrong words") == (two, one)
    assert flow_shelf.live_revision(box.folders.data, "made") == one
    assert rollback(box, "made", two, "tanaka", "") == (one, two)
    assert [change.what[:11] for change in changes(box)] == ["published 0", "published 0", "rolled back", "rolled back"]
    for wrong in ("0009-abcdefgh", "../../x"):
        with pytest.raises(CouldNotError, match="no revision"):
            rollback(box, "made", wrong, "tanaka", "")


def test_there_may_be_nothing_to_roll_back_to(box: Box) -> None:
    with pytest.raises(CouldNotError, match="never published"):
        rollback(box, "made", "", "tanaka", "")
    done(box)
    with pytest.raises(CouldNotError, match="nothing before"):
        rollback(box, "made", "", "tanaka", "")


def test_a_damaged_pointer_is_mended_by_publishing_or_rolling_back(box: Box) -> None:
    one = done(box).published
    pointer = flow_shelf.folder(box.folders.data, "made") / "live"
    pointer.write_bytes(b"\xff")
    assert rollback(box, "made", "", "tanaka", "")[1] == one.revision
    pointer.write_bytes(b"nonsense")
    assert done(box).fresh
    assert flow_shelf.live(box.folders.data)["made"].revision.startswith("0002-")


def test_a_value_that_is_read_out_brings_every_digit(box: Box) -> None:
    found = spoken_by(made('  a: {type: play, say: "番号は{caller}です。", next: there}'))
    assert set(every_digit("ja")) < set(found)
    assert len(found) == len(every_digit("ja")) + 2


def test_prompts_that_are_hard_to_understand_are_told(box: Box) -> None:
    came = publish(box, Written("x", text('  a: {type: play, say: "どうぞ", next: there}')), "suzuki", "", Told("espeak_ng"))
    assert isinstance(came, Done)
    assert came.poorly == 1
    assert done(box).poorly == 0


def test_what_a_revision_holds_is_whole_before_it_has_its_name(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real = Path.rename

    def watched(self: Path, target: str | os.PathLike[str]) -> Path:
        if self.is_dir():
            seen.append({path.name for path in self.iterdir()})
        return real(self, target)

    monkeypatch.setattr(Path, "rename", watched)
    done(box)
    assert seen == [{"flow.yaml", "meta.json", "prompts"}]


def test_whoever_publishes_first_shares_the_folders_with_the_group(box: Box) -> None:
    before = os.umask(0o022)
    try:
        done(box)
    finally:
        os.umask(before)
    folder = flow_shelf.folder(box.folders.data, "made")
    for one in (folder.parent, folder, folder / "revisions"):
        assert one.stat().st_mode & 0o070 == 0o070
