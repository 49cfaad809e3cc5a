"""A drill finds what is missing, changed or cannot be opened, leaves nothing behind, and knows rotated and detached headers. Fault F4."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import keys
from appliance.box import Box
from appliance.keys import Identity
from appliance.ledger import Ledger
from tests.bed.made import MadeCall
from tests.bed.recorded import recorded
from tests.fakes.clock import FakeClock
from uploader import headers
from uploader.drill import chosen, drill, sample
from uploader.store import Store, open_store
from uploader.worker import Worker

CALLS = tuple(MadeCall(number=number, talk=0.2) for number in range(3))


@pytest.fixture(params=["whole", "apart"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    """A box whose three recordings are stored, in one object each or in two."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(f"[store]\ndetached_headers = {str(request.param == 'apart').lower()}\n")
    made = recorded(tmp_path / "var", *CALLS)
    with Ledger.open(made.folders.ledger) as ledger:
        while Worker(made, ledger, FakeClock()).one():
            pass
    return made


@pytest.fixture
def store(box: Box) -> Store:
    return open_store(box)


@pytest.fixture
def identities(box: Box) -> list[Identity]:
    return keys.identities_in(box.folders.keys)


def objects_of(box: Box, ending: str) -> list[Path]:
    return sorted(path for path in box.folders.store.rglob("*") if path.name.endswith(ending) or ending in path.name)


def test_what_is_stored_comes_back(box: Box, ledger: Ledger, store: Store, identities: list[Identity], clock: FakeClock) -> None:
    done = drill(box, ledger, store, identities, clock)
    assert (done.depth, done.recordings, done.problems) == ("opened", 3, ())
    assert drill(box, ledger, store, [], clock).recordings == 3
    assert not list(box.folders.data.glob("drill-*"))


def test_a_sample_is_of_what_was_sent(ledger: Ledger, store: Store, clock: FakeClock) -> None:
    assert [sample(store, recording, clock).problem for recording in chosen(ledger, 9)] == ["", "", ""]


@pytest.mark.parametrize("ending", [".flac.age", ".json.age"])
def test_what_is_gone_is_found(
    box: Box, ledger: Ledger, store: Store, identities: list[Identity], clock: FakeClock, ending: str
) -> None:
    objects_of(box, ending)[0].unlink()
    done = drill(box, ledger, store, identities, clock)
    assert done.recordings == 2
    assert done.problems


def test_after_a_rotation_everything_comes_back_with_the_new_key(
    box: Box, ledger: Ledger, store: Store, identities: list[Identity], clock: FakeClock, tmp_path: Path
) -> None:
    fresh = Identity.new("fresh")
    for recording in chosen(ledger, 9):
        for key in (recording.key or "", (recording.key or "").replace(".flac.age", ".json.age")):
            headers.rotate(store, key, identities, [fresh.recipient], tmp_path)
    assert drill(box, ledger, store, [fresh], clock).recordings == 3
    assert drill(box, ledger, store, [], clock).recordings == 3, "the sealed bytes are those that were sent"


def test_an_empty_box_drills_nothing(tmp_path: Path, clock: FakeClock) -> None:
    box = Box.at(tmp_path / "empty")
    with Ledger.open(box.folders.ledger) as ledger:
        assert drill(box, ledger, open_store(box), [Identity.new("a")], clock).recordings == 0
