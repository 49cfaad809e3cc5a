"""The uploader delivers oldest first, waits for weeks where the store is away, parks only what is damaged, and may die anywhere."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.calls import Recording
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.records import RecordingErased, StoreProbed, UploadDone, UploadParked
from tests.bed.made import MadeCall
from tests.bed.recorded import TOUCHES, all_recordings, copied, recorded
from tests.fakes.clock import START, FakeClock
from tests.fakes.processes import killed_before
from tests.fakes.store import FakeStore, Trouble
from uploader import objects
from uploader.source import Source
from uploader.store import ObjectRefusedError, Stored
from uploader.worker import KIND, LEASE, LOOK_S, Worker

CALLS = tuple(MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in range(3))
WEEKS_S = 21 * 24 * 3600


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with three recordings that wait to be stored."""
    return recorded(tmp_path_factory.mktemp("recorded") / "var", *CALLS).folders.data


@pytest.fixture
def box(three: Path, tmp_path: Path) -> Box:
    """A copy of it."""
    return copied(three, tmp_path / "var")


@pytest.fixture
def store(clock: FakeClock) -> FakeStore:
    return FakeStore(clock)


@pytest.fixture
def worker(box: Box, ledger: Ledger, clock: FakeClock, store: FakeStore) -> Worker:
    return Worker(box, ledger, clock, lambda _: store)


def drain(worker: Worker) -> None:
    while worker.one():
        pass


def states(ledger: Ledger) -> list[str]:
    return [row[0] for row in ledger.connection.execute("SELECT state FROM job WHERE kind = 'upload' ORDER BY rowid")]


def keys(recording: Recording) -> list[str]:
    facts = recording.facts
    key = objects.recording_key("local", 1, facts.started_at, facts.recording, facts.sealed_sha256, "flac")
    return [key, objects.manifest_key(key)]


def test_everything_that_waits_is_stored_oldest_first_and_manifests_behind_their_recordings(
    box: Box, worker: Worker, store: FakeStore
) -> None:
    drain(worker)
    wanted = [key for recording in all_recordings(box) for key in keys(recording)]
    assert [key for what, key in store.asked if what == "put"] == wanted
    assert worker.stored == len(CALLS)


def test_what_is_stored_is_the_sealed_file_itself(box: Box, worker: Worker, store: FakeStore) -> None:
    drain(worker)
    for recording in all_recordings(box):
        for key, file in zip(keys(recording), (recording.facts.file, recording.facts.manifest), strict=True):
            assert store.objects[key] == (box.folders.recordings / file).read_bytes()


def test_no_object_is_named_after_a_telephone_number(worker: Worker, store: FakeStore) -> None:
    drain(worker)
    for key in store.objects:
        assert CALLS[0].caller[1:] not in key
        assert CALLS[0].called[1:] not in key


def test_the_ledger_says_what_is_stored_where(box: Box, ledger: Ledger, worker: Worker, clock: FakeClock) -> None:
    drain(worker)
    for recording in all_recordings(box):
        assert (recording.key, recording.store, recording.stored_at) == (keys(recording)[0], "folder", clock.now())
        (done,) = (row.record for row in ledger.of(recording.facts.recording) if isinstance(row.record, UploadDone))
        assert (done.key, done.manifest_key, done.verified) == (*keys(recording), "read-back")
        assert (done.bytes, done.sha256) == (recording.facts.bytes, recording.facts.sealed_sha256)


def test_a_store_that_is_away_for_weeks_gets_everything_in_the_end(
    ledger: Ledger, worker: Worker, clock: FakeClock, store: FakeStore
) -> None:
    store.on("look", Trouble.LATER, times=10_000)
    away_until = clock.now() + WEEKS_S * SECOND
    while clock.now() < away_until:
        assert worker.step() == LOOK_S
        clock.forward(3600)
    assert states(ledger) == ["ready"] * len(CALLS)
    assert worker.stored == 0
    store.heal()
    drain(worker)
    assert states(ledger) == ["done"] * len(CALLS)
    assert len(store.objects) == 2 * len(CALLS)


def test_a_refusal_waits_too_since_a_person_mends_the_store_and_not_the_recording(
    ledger: Ledger, worker: Worker, clock: FakeClock, store: FakeStore
) -> None:
    store.on("look", Trouble.REFUSED, times=len(CALLS))
    drain(worker)
    assert states(ledger) == ["ready"] * len(CALLS)
    assert all("check the rights" in sentence for sentence in worker.failed)
    clock.forward(3600)
    drain(worker)
    assert states(ledger) == ["done"] * len(CALLS)


def test_the_pause_that_the_store_asks_for_is_kept(ledger: Ledger, worker: Worker, clock: FakeClock, store: FakeStore) -> None:
    store.wait = 5000.0
    store.on("look", Trouble.LATER, times=len(CALLS))
    drain(worker)
    clock.forward(4999)
    assert not worker.one()
    clock.forward(2)
    assert worker.one()


def test_a_lost_answer_costs_no_second_object(worker: Worker, clock: FakeClock, store: FakeStore) -> None:
    store.on("put", Trouble.ANSWER_LOST, times=2 * len(CALLS))
    for _ in range(10):
        drain(worker)
        clock.forward(3600)
    puts = [key for what, key in store.asked if what == "put"]
    assert len(puts) == len(set(puts)) == len(store.objects) == 2 * len(CALLS)
    assert worker.stored == len(CALLS)


@pytest.mark.parametrize("which", ["file", "manifest"])
@pytest.mark.parametrize("harm", ["gone", "folder"])
def test_a_damaged_copy_is_parked_and_the_queue_moves_on(
    box: Box, ledger: Ledger, worker: Worker, store: FakeStore, which: str, harm: str
) -> None:
    first = all_recordings(box)[0].facts
    path = box.folders.recordings / str(getattr(first, which))
    path.unlink()
    if harm == "folder":
        path.mkdir()
    drain(worker)
    assert states(ledger) == ["parked", "done", "done"]
    (parked,) = (row.record for row in ledger.of(first.recording) if isinstance(row.record, UploadParked))
    assert path.name in parked.reason
    found = get_recording(ledger.connection, first.recording)
    assert found is not None
    assert found.parked == parked.reason
    assert first.recording not in "".join(key for key in store.objects if key.endswith(".json.age"))


@pytest.mark.parametrize("which", ["file", "manifest"])
def test_a_flipped_bit_on_the_disk_is_parked_and_never_sent(
    box: Box, ledger: Ledger, worker: Worker, store: FakeStore, which: str
) -> None:
    first = all_recordings(box)[0].facts
    path = box.folders.recordings / str(getattr(first, which))
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    drain(worker)
    assert states(ledger) == ["parked", "done", "done"]
    assert [key.endswith(".flac.age") for key in store.objects if first.recording in key] == ([True] if which == "manifest" else [])


def test_what_was_parked_is_tried_again_when_a_person_says_so(box: Box, ledger: Ledger, worker: Worker, store: FakeStore) -> None:
    first = all_recordings(box)[0]
    store.objects[keys(first)[0]] = b"something else"
    drain(worker)
    assert states(ledger) == ["parked", "done", "done"]
    assert not worker.one(), "parked is parked"
    del store.objects[keys(first)[0]]
    worker.unpark()
    drain(worker)
    assert states(ledger) == ["done"] * len(CALLS)
    assert all_recordings(box)[0].parked is None


def test_an_erased_recording_is_not_sent(box: Box, ledger: Ledger, worker: Worker, store: FakeStore) -> None:
    first = all_recordings(box)[0].facts.recording
    ledger.append(RecordingErased(at=START, recording=first, who="a", why="b", objects=0, proof=""))
    drain(worker)
    assert states(ledger) == ["done"] * len(CALLS)
    assert not [key for key in store.objects if first in key]


def test_a_job_about_nothing_is_no_trouble(ledger: Ledger, worker: Worker) -> None:
    with ledger.transaction() as connection:
        enqueue(connection, [NewJob(kind=KIND, subject="nosuchrecordings", body={})], 0)
    drain(worker)
    assert states(ledger) == ["done"] * (len(CALLS) + 1)


def test_in_a_hurry_everything_is_tried_once_however_long_it_takes(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    slow = FakeStore(clock, seconds=600.0)
    slow.on("look", Trouble.LATER, times=100)
    worker = Worker(box, ledger, clock, lambda _: slow)
    drain_once = worker.hurry()
    while worker.one(drain_once):
        pass
    assert [key for what, key in slow.asked] == [keys(recording)[0] for recording in all_recordings(box)]


def test_hurry_does_not_wait_for_the_next_try(ledger: Ledger, worker: Worker, store: FakeStore) -> None:
    store.wait = 10_000.0
    store.on("look", Trouble.LATER, times=len(CALLS))
    drain(worker)
    assert not worker.one()
    begun = worker.hurry()
    while worker.one(begun):
        pass
    assert states(ledger) == ["done"] * len(CALLS)


def test_credentials_may_be_renewed_between_two_tries(box: Box, ledger: Ledger, clock: FakeClock, store: FakeStore) -> None:
    opened: list[Box] = []

    def opener(asked: Box) -> FakeStore:
        opened.append(asked)
        return store

    store.on("look", Trouble.REFUSED)
    worker = Worker(box, ledger, clock, opener)
    drain(worker)
    assert len(opened) == 2, "a store that failed is opened anew, one that works is kept"


def test_killed_at_any_place_it_ends_as_if_it_had_lived(three: Path, tmp_path: Path) -> None:
    def run(box: Box) -> None:
        with Ledger.open(box.folders.ledger) as ledger:
            worker = Worker(box, ledger, FakeClock(2 * START))
            drain(worker)

    whole: list[tuple[str, bytes]] = []
    for touch in (10_000, *range(0, 60, 4)):
        folder = tmp_path / str(touch)
        shutil.copytree(three, folder)
        box = Box.at(folder)
        died = killed_before(touch, partial(run, box), calls=TOUCHES)
        assert died == bool(whole)
        run(box)
        stored = sorted(
            (path.relative_to(box.folders.store).as_posix(), path.read_bytes()) for path in box.folders.store.rglob("*.age")
        )
        whole = whole or [item for item in stored if not Path(item[0]).name.startswith(".")]
        assert len(whole) == 2 * len(CALLS)
        assert stored == whole
        with Ledger.open(box.folders.ledger) as ledger:
            assert states(ledger) == ["done"] * len(CALLS)
            rows = [row.record for row in ledger.since(0, [UploadDone, UploadParked])]
        assert [type(record) for record in rows] == [UploadDone] * len(CALLS)


def test_f26_a_file_that_fails_alone_is_parked_and_the_queue_moves_on(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    poison = all_recordings(box)[0].facts.recording

    class Picky(FakeStore):
        def look(self, key: str) -> Stored | None:
            if poison in key:
                raise ObjectRefusedError(f"{key}: too odd")
            return super().look(key)

    ledger.connection.execute("UPDATE job SET created_at = 0")  # they were made by the real clock
    worker = Worker(box, ledger, clock, lambda _: Picky(clock))
    for _ in range(4):
        drain(worker)
        clock.forward(3600)
        more(ledger)
    drain(worker)
    rows = dict(
        ledger.connection.execute("SELECT subject, state FROM job WHERE kind = 'upload' AND subject NOT LIKE 'more%'").fetchall()
    )
    assert rows.pop(poison) == "parked"
    assert set(rows.values()) == {"done"}


def more(ledger: Ledger) -> None:
    """Something else that succeeds."""
    with ledger.transaction() as connection:
        number = connection.execute("SELECT count(*) FROM job").fetchone()[0]
        enqueue(connection, [NewJob(kind=KIND, subject=f"more{number}", body={})], 0)


def test_f31_where_everything_fails_nothing_is_parked(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    class Shut(FakeStore):
        def look(self, key: str) -> Stored | None:
            raise ObjectRefusedError(f"{key}: too odd")

    worker = Worker(box, ledger, clock, lambda _: Shut(clock))
    for _ in range(60):
        drain(worker)
        clock.forward(3600)
    assert states(ledger) == ["ready"] * len(CALLS)


def test_where_nothing_can_be_read_back_a_proven_checksum_is_the_proof(
    box: Box, ledger: Ledger, worker: Worker, store: FakeStore, clock: FakeClock
) -> None:
    able = {"write": True, "read": False, "wrong-checksum": True}
    ledger.append(StoreProbed(at=clock.now(), store="folder", capabilities=able, problems=()))
    store.on("look", Trouble.REFUSED, times=100)
    store.on("read", Trouble.REFUSED, times=100)
    drain(worker)
    assert states(ledger) == ["done"] * len(CALLS)
    done = [row.record for row in ledger.since(0, [UploadDone])]
    assert {record.verified for record in done if isinstance(record, UploadDone)} == {"checksum"}
    assert len(store.objects) == 2 * len(CALLS)


@pytest.mark.parametrize(("setting", "verified"), [("unproven", "checksum"), ("always", "read-back")])
def test_a_proven_store_is_read_back_only_where_the_settings_want_it(
    box: Box, ledger: Ledger, clock: FakeClock, setting: str, verified: str
) -> None:
    (box.folders.data / "appliance.toml").write_text(f'[sending]\nread_back = "{setting}"\n')
    able = {"write": True, "read": True, "wrong-checksum": True}
    ledger.append(StoreProbed(at=clock.now(), store="folder", capabilities=able, problems=()))
    store = FakeStore()
    drain(Worker(Box.at(box.folders.data), ledger, clock, lambda _: store))
    done = [row.record for row in ledger.since(0, [UploadDone])]
    assert {record.verified for record in done if isinstance(record, UploadDone)} == {verified}
    assert ("read" in {what for what, _ in store.asked}) is (setting == "always")


def test_a_long_transfer_keeps_its_job(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    class Slow(FakeStore):
        def put(self, key: str, source: Source) -> None:
            clock.forward(LEASE / SECOND * 0.9)
            super().put(key, source)
            held.append(ledger.connection.execute("SELECT max(leased_until) FROM job WHERE state = 'leased'").fetchone()[0])

    held: list[int] = []
    worker = Worker(box, ledger, clock, lambda _: Slow(clock))
    assert worker.one()
    assert all(until > clock.now() - LEASE for until in held)
    assert states(ledger).count("done") == 1
