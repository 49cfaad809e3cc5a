"""`uploader keys rotate|shred`, `drill`, `salvage`: who may open recordings changes, and nothing else does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.keys import Identity, save_identity
from appliance.ledger import Ledger
from appliance.records import HeaderChanged, RecordingHeld
from tests.bed.made import MadeCall
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START, FakeClock
from uploader.worker import Worker

CALLS = tuple(MadeCall(number=number, talk=0.2) for number in range(2))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box whose two recordings are stored with their headers apart."""
    data = tmp_path_factory.mktemp("made") / "var"
    data.mkdir()
    (data / "appliance.toml").write_text("[store]\ndetached_headers = true\n")
    box = recorded(data, *CALLS)
    with Ledger.open(box.folders.ledger) as ledger:
        while Worker(box, ledger, FakeClock()).one():
            pass
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "var"))


def headers_of(data: Path) -> list[Path]:
    return sorted(data.joinpath("store").rglob("*.header-*"))


def changes(data: Path) -> list[HeaderChanged]:
    with Ledger.open(data / "ledger.db") as ledger:
        return [row.record for row in ledger.since(0, [HeaderChanged]) if isinstance(row.record, HeaderChanged)]


def test_after_a_rotation_a_new_recipient_opens_everything_and_the_payloads_are_the_same(data: Path, tmp_path: Path) -> None:
    payloads = {path: path.read_bytes() for path in data.joinpath("store").rglob("*.payload")}
    fresh = Identity.new("escrow")
    save_identity(tmp_path / "escrow.key", fresh, 0)
    with (data / "appliance.toml").open("a") as settings:
        settings.write(f'[[recipients]]\nname = "escrow"\nkey = "{fresh.recipient}"\n')
    assert "2 recordings rotated, 0 problems" in appliance("uploader", "keys", "rotate", "--all", "--data", data).out
    assert {path: path.read_bytes() for path in payloads} == payloads
    assert [change.what for change in changes(data)] == ["rotated"] * 2
    assert str(fresh.recipient) in changes(data)[0].recipients
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "appliance.toml").write_text(f'[store.options]\npath = "{data / "store"}"\n')
    said = appliance("uploader", "restore", "--identity", tmp_path / "escrow.key", "--data", empty)
    assert "2 recordings brought back" in said.out
    first = all_recordings(Box.at(data))[0].facts.recording
    appliance("open", first, "-o", tmp_path / "out.wav", "--data", data)
    assert appliance("uploader", "drill", "--data", data).out.startswith("2 recordings came back from the store, opened")


def test_old_headers_can_be_destroyed(data: Path) -> None:
    appliance("uploader", "keys", "rotate", "--all", "--remove-old", "--data", data)
    assert {path.name[-4:] for path in headers_of(data)} == {"0002"}
    assert appliance("uploader", "drill", "--data", data).out.startswith("2 recordings came back")


def test_shredded_is_the_one_that_is_named(data: Path) -> None:
    first, second = (recording.facts for recording in all_recordings(Box.at(data)))
    assert "--yes" in appliance("uploader", "keys", "shred", first.recording, "--data", data, code=2).sentence
    assert len(headers_of(data)) == 4
    said = appliance("uploader", "keys", "shred", first.recording, "--yes", "--data", data)
    assert "1 recordings shredded, 0 problems" in said.out
    assert {path.name.split("-")[0] for path in headers_of(data)} == {second.recording}
    assert not (data / "recordings" / first.file).exists()
    assert (data / "recordings" / second.file).exists()
    assert [(change.what, change.recording) for change in changes(data)] == [("shredded", first.recording)]


def test_f36_what_is_held_is_not_shredded(data: Path) -> None:
    first = all_recordings(Box.at(data))[0].facts.recording
    with Ledger.open(data / "ledger.db") as ledger:
        ledger.append(RecordingHeld(at=START, recording=first, held=True, who="a", why="a case"))
    said = appliance("uploader", "keys", "shred", "--all", "--yes", "--data", data, code=4)
    assert "is held for a case" in said.error
    assert "1 recordings shredded, 1 problems" in said.out
    assert len(headers_of(data)) == 2


@pytest.mark.parametrize("words", [[], ["--all", "x"]])
def test_what_is_meant_must_be_said(data: Path, words: list[str]) -> None:
    assert "say --all" in appliance("uploader", "keys", "rotate", *words, "--data", data, code=2).sentence
    assert "no such recording" in appliance("uploader", "keys", "rotate", "nobody", "--data", data, code=4).sentence


def test_a_key_that_opens_nothing_rotates_nothing(data: Path, tmp_path: Path) -> None:
    save_identity(tmp_path / "other.key", Identity.new("other"), 0)
    said = appliance("uploader", "keys", "rotate", "--all", "--identity", tmp_path / "other.key", "--data", data, code=4)
    assert "no key at hand opens it" in said.error
    assert len(headers_of(data)) == 4


def test_a_cut_file_gives_its_beginning_and_says_that_it_is_cut(data: Path, tmp_path: Path) -> None:
    file = data / "recordings" / all_recordings(Box.at(data))[0].facts.file
    whole = appliance("uploader", "salvage", file, "-o", tmp_path / "whole", "--data", data)
    assert "which is all of it" in whole.out
    (tmp_path / "cut").write_bytes(file.read_bytes()[:-1])
    cut = appliance("uploader", "salvage", tmp_path / "cut", "-o", tmp_path / "saved", "--data", data)
    assert "the file is CUT" in cut.out
    assert (tmp_path / "whole").read_bytes().startswith((tmp_path / "saved").read_bytes())
    assert "name another file" in appliance("uploader", "salvage", file, "-o", tmp_path / "whole", "--data", data, code=2).sentence
    (tmp_path / "none").write_bytes(b"no age file")
    said = appliance("uploader", "salvage", tmp_path / "none", "-o", tmp_path / "nothing", "--data", data, code=4)
    assert "nothing of it can be saved" in said.sentence
    assert not (tmp_path / "nothing").exists()
