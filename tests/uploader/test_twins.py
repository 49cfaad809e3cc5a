"""A box that finds others' checkpoints under its own name sends nothing more, says so, and goes on recording. Faults F24, F25."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance import checkpoints, keys
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import TwinSeen
from tests.bed.made import MadeCall
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START, FakeClock
from tests.fakes.store import FakeStore, Trouble
from uploader import twins
from uploader.crew import Crew
from uploader.store import StoreAgainError, open_store


def calls(*numbers: int) -> list[MadeCall]:
    return [MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in numbers]


def vouch(box: Box) -> None:
    """As the janitor does every hour."""
    with Ledger.open(box.folders.ledger) as ledger:
        checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), START + 60 * SECOND)


def send(data: Path, code: int = 0) -> str:
    return appliance("uploader", "run", "--once", "--data", data, code=code).error


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A box with one stored recording, its store apart from it."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(f'[store.options]\npath = "{tmp_path / "nas"}"\n')
    box = recorded(tmp_path / "var", *calls(0))
    vouch(box)
    send(box.folders.data)
    return box.folders.data


def test_f25_an_old_image_that_was_put_back_sends_nothing(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "image")
    vouch(recorded(data, *calls(1)))
    send(data)
    old = recorded(tmp_path / "image", *calls(2, 3))
    said = send(old.folders.data, code=4)
    assert "are not this box's" in said and "site.epoch = 2" in said
    assert [recording.stored_at is None for recording in all_recordings(old)] == [False, True, True]
    assert "Nothing is sent to the store" in appliance("doctor", "--data", old.folders.data, code=4).out
    with (old.folders.data / "appliance.toml").open("a") as settings:
        settings.write("[site]\nepoch = 2\n")
    send(old.folders.data)
    assert all(recording.stored_at for recording in all_recordings(old))
    assert "Nothing is sent to the store" not in appliance("doctor", "--data", old.folders.data, code=0).out


def test_f24_of_two_boxes_with_one_identity_the_one_that_sees_the_other_stops(data: Path, tmp_path: Path) -> None:
    clone = Box.at(Path(shutil.copytree(data, tmp_path / "clone")))
    for box, number in ((Box.at(data), 1), (clone, 2)):
        vouch(recorded(box.folders.data, *calls(number)))
    send(data)
    assert "another box has its identity" in send(clone.folders.data, code=4)
    assert not all_recordings(clone)[-1].stored_at


def test_f24_a_box_that_runs_sees_its_twin_within_the_hour(data: Path, tmp_path: Path) -> None:
    box, clock = Box.at(data), FakeClock(2 * START)
    crew = Crew(box, clock)
    with Ledger.open(box.folders.ledger) as ledger:
        assert crew._barred(ledger) == ""
        clone = Path(shutil.copytree(data, tmp_path / "clone"))
        vouch(recorded(clone, *calls(5)))
        send(clone)
        assert crew._barred(ledger) == "", "it is not asked at every turn"
        clock.forward(3601)
        assert "are not this box's" in crew._barred(ledger) == crew.why_waiting
        (row,) = ledger.since(0, (TwinSeen,))
        assert isinstance(row.record, TwinSeen) and row.record.problem == crew.why_waiting
        crew.close()


def test_a_box_whose_ledger_was_rebuilt_knows_its_own(data: Path) -> None:
    (data / "ledger.db").unlink()
    assert "are not this box's" in send(data, code=4)
    appliance("doctor", "--rebuild", "--data", data)
    send(data)


def test_a_store_that_shows_no_list_is_believed_and_one_that_is_away_is_asked_again(box: Box, ledger: Ledger) -> None:
    store = FakeStore()
    store.on("list", Trouble.REFUSED)
    assert twins.look(box, ledger, store) == ""
    store.on("list", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        twins.look(box, ledger, store)


def test_only_checkpoints_speak() -> None:
    keys_there = ["v1/a/1/checkpoints/1-aa.json", "v1/a/1/checkpoints/1-aa.tsr", "v1/a/1/checkpoints/2-bb.json"]
    assert twins.strange(keys_there, {"1-aa.json"}) == ["2-bb.json"]


def test_the_own_store_of_an_untouched_box_is_no_twin(data: Path) -> None:
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        assert twins.look(box, ledger, open_store(box)) == ""
