"""Checkpoints leave the box; what is to be erased goes from the store wholly, once, and never while it is held."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance import checkpoints, erasure, keys
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.lookup import get_call, recordings
from appliance.moments import SECOND
from appliance.records import CheckpointStored, ObjectsErased, StoreProbed, UploadDone
from tests.bed.made import MadeCall
from tests.bed.recorded import TOUCHES, copied, recorded
from tests.fakes.clock import START, FakeClock
from tests.fakes.processes import killed_before
from tests.fakes.store import FakeStore, Trouble
from uploader import objects
from uploader.stores.folder import FolderStore
from uploader.worker import Worker

CALLS = tuple(MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in range(3))


class Erasing(FakeStore):
    """A fake store from which one can erase; `kept` are keys that a lock keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[str] = set()

    def remove(self, key: str) -> int:
        """Erase the object."""
        self._ask("remove", key)
        return 0 if key in self.kept or self.objects.pop(key, None) is None else 1


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with three recordings that wait to be stored."""
    return recorded(tmp_path_factory.mktemp("recorded") / "var", *CALLS).folders.data


@pytest.fixture
def box(three: Path, tmp_path: Path) -> Box:
    return copied(three, tmp_path / "var")


@pytest.fixture
def store() -> Erasing:
    return Erasing()


@pytest.fixture
def worker(box: Box, ledger: Ledger, clock: FakeClock, store: Erasing) -> Worker:
    return Worker(box, ledger, clock, lambda _: store)


def drain(worker: Worker) -> None:
    while worker.one():
        pass


def ask(ledger: Ledger, place: int, now: int) -> str:
    """Ask for the erasure of this recording; returns its call."""
    recording = list(recordings(ledger.connection))[place]
    call = get_call(ledger.connection, recording.facts.call)
    assert call is not None
    erasure.ask(ledger, [erasure.Order(call, recording)], "tester", "case 7", now)
    return call.id


def of(store: FakeStore, ledger: Ledger, place: int) -> list[str]:
    """The keys of this recording that are in the store."""
    name = list(recordings(ledger.connection))[place].facts.recording
    return [key for key in store.objects if name in key]


def erased(ledger: Ledger) -> list[ObjectsErased]:
    return [row.record for row in ledger.since(0, (ObjectsErased,)) if isinstance(row.record, ObjectsErased)]


def state(ledger: Ledger, kind: str, subject: str) -> tuple[str, str]:
    row = ledger.connection.execute("SELECT state, last_error FROM job WHERE kind = ? AND subject = ?", (kind, subject)).fetchone()
    return ("", "") if row is None else (row[0], row[1])


# Checkpoints


def test_a_checkpoint_lies_in_the_store_in_clear_and_can_be_read_there(
    box: Box, ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    one = checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), clock.now())
    drain(worker)
    key = objects.checkpoint_key("local", 1, one.file)
    assert checkpoints.read(store.objects[key]) == one and objects.is_checkpoint(key)
    (row,) = (row.record for row in ledger.of(one.checkpoint) if isinstance(row.record, CheckpointStored))
    assert (row.key, row.store) == (key, "folder")


def test_a_checkpoint_whose_file_is_gone_is_written_anew_from_its_row(
    box: Box, ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    one = checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), clock.now())
    (box.folders.checkpoints / one.file).unlink()
    drain(worker)
    assert checkpoints.read(store.objects[objects.checkpoint_key("local", 1, one.file)]) == one


def test_a_checkpoint_waits_for_a_store_that_is_away(
    box: Box, ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    one = checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), clock.now())
    store.on("look", Trouble.LATER)
    assert worker.one()
    assert state(ledger, "checkpoint", one.checkpoint)[0] == "ready" and worker.failed
    clock.forward(3600)
    drain(worker)
    assert state(ledger, "checkpoint", one.checkpoint)[0] == "done"


# Erasures


def test_a_checkpoint_leaves_with_a_key_that_may_only_create_where_the_store_was_proven_to_check(
    ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing, box: Box
) -> None:
    able = {"write": True, "read": False, "wrong-checksum": True}
    ledger.append(StoreProbed(at=clock.now(), store="folder", capabilities=able, problems=()))
    store.on("look", Trouble.REFUSED, times=100)
    store.on("read", Trouble.REFUSED, times=100)
    checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), clock.now())
    drain(worker)
    assert [row.record for row in ledger.since(0, [CheckpointStored])]
    assert any(objects.is_checkpoint(key) for key in store.objects)


def test_everything_under_the_recordings_name_goes_and_nothing_else(
    ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    drain(worker)
    (first, *_) = of(store, ledger, 0)
    header = first.rpartition(".flac.age")[0] + ".head.age"
    older = first.replace(first.rpartition("-")[2][:16], "0" * 16)
    store.objects |= {header: b"x", older: b"y"}
    others = of(store, ledger, 1) + of(store, ledger, 2)
    call = ask(ledger, 0, clock.now())
    drain(worker)
    assert of(store, ledger, 0) == [] and set(store.objects) == set(others)
    assert [(one.call, one.objects, one.removed) for one in erased(ledger)] == [(call, 4, 4)]
    assert state(ledger, "unlink", call)[0] == "ready", "the janitor goes on"


def test_what_was_never_sent_is_not_sent_any_more(ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing) -> None:
    ask(ledger, 0, clock.now())
    drain(worker)
    assert of(store, ledger, 0) == [] and of(store, ledger, 1) != []
    assert not [key for what, key in store.asked if what == "put" and key in of(store, ledger, 0)]
    assert len(ledger.since(0, (UploadDone,))) == 2


def test_a_recording_that_is_being_sent_is_erased_afterwards(
    ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    """F35: one owner. Another process of the uploader has the lease; the erasure waits for its end."""
    name = next(iter(recordings(ledger.connection))).facts.recording
    ledger.connection.execute(
        "UPDATE job SET state = 'leased', leased_until = ? WHERE subject = ?", (clock.now() + 60 * SECOND, name)
    )
    call = ask(ledger, 0, clock.now())
    assert worker.one()
    assert state(ledger, "erase", call) == ("ready", "it is being sent") and erased(ledger) == []
    ledger.connection.execute("UPDATE job SET state = 'done' WHERE subject = ?", (name,))
    clock.forward(3)
    drain(worker)
    assert len(erased(ledger)) == 1


def test_a_hold_that_arrives_as_the_erasure_is_due_wins(ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing) -> None:
    """F36."""
    drain(worker)
    call = ask(ledger, 0, clock.now())
    found = [next(iter(recordings(ledger.connection)))]
    assert erasure.hold(ledger, found, "chief", "case 8", clock.now(), held=True) == 1
    drain(worker)
    assert len(of(store, ledger, 0)) == 2 and state(ledger, "erase", call)[0] == "ready"
    clock.forward(30 * 24 * 3600)
    drain(worker)
    assert len(of(store, ledger, 0)) == 2
    erasure.hold(ledger, list(recordings(ledger.connection))[:1], "chief", "closed", clock.now(), held=False)
    drain(worker)
    assert of(store, ledger, 0) == []


def test_a_lock_of_the_bucket_is_told_to_a_person_and_nothing_is_claimed(
    ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    drain(worker)
    store.kept = {of(store, ledger, 0)[0]}
    call = ask(ledger, 0, clock.now())
    drain(worker)
    parked, why = state(ledger, "erase", call)
    assert parked == "parked" and "is still there" in why and erased(ledger) == []
    store.kept.clear()
    worker.unpark()
    drain(worker)
    (one,) = erased(ledger)
    assert (one.objects, one.removed) == (2, 2), "what went at the first try counts too"


def test_a_store_that_cannot_erase_says_so(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    worker = Worker(box, ledger, clock, lambda _: FakeStore())
    call = ask(ledger, 0, clock.now())
    drain(worker)
    assert state(ledger, "erase", call)[0] == "parked" and "cannot erase" in state(ledger, "erase", call)[1]


def test_a_store_that_is_away_gets_the_erasure_later(ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing) -> None:
    drain(worker)
    call = ask(ledger, 0, clock.now())
    store.on("remove", Trouble.LATER, times=2)
    for _ in range(3):
        worker.one()
        clock.forward(3600)
    assert state(ledger, "erase", call)[0] == "done"


def test_the_count_survives_a_death_anywhere(three: Path, tmp_path: Path) -> None:
    """Killed before any touch of the world: in the end all is gone, and the proof counts every object."""
    for place in range(0, 400, 7):
        shutil.rmtree(tmp_path / "var", ignore_errors=True)
        shutil.copytree(three, tmp_path / "var")
        box = Box.at(tmp_path / "var")

        def work(box: Box = box) -> None:
            with Ledger.open(box.folders.ledger) as ledger:
                drain(Worker(box, ledger, FakeClock(), lambda _: FolderStore(box.folders.store, must_exist=False)))

        work()
        with Ledger.open(box.folders.ledger) as ledger:
            ask(ledger, 0, START)
        died = killed_before(place, work, calls=TOUCHES)
        work()
        with Ledger.open(box.folders.ledger) as ledger:
            (one,) = erased(ledger)
            assert one.objects == 2, place
            name = next(iter(recordings(ledger.connection))).facts.recording
        assert not list(box.folders.store.rglob(f"{name}*"))
        if not died:
            break
    else:
        pytest.fail("the work is longer than was thought")


def test_a_contract_goes_as_a_whole_only_after_each_of_its_recordings(
    box: Box, ledger: Ledger, clock: FakeClock, worker: Worker, store: Erasing
) -> None:
    checkpoints.sign(box, ledger, keys.signing_key(box.folders.keys), clock.now())
    drain(worker)
    store.objects["v1/other/1/heartbeat"] = b"theirs"
    erasure.ask_contract(ledger, "local", clock.now())
    drain(worker)
    assert (
        state(ledger, "erase", "contract local") == ("ready", "3 recordings are not erased yet, 0 of them held")
        and len(store.objects) == 8
    )
    ledger.connection.execute("UPDATE recording SET erased_at = 1")
    clock.forward(3600)
    drain(worker)
    assert list(store.objects) == ["v1/other/1/heartbeat"]
