"""What the janitor asks of the uploader is done once, again after a failure, and leaves a record. Faults F7, F36."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.janitor.work import Janitor
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.notices import HEARTBEAT
from appliance.records import DrillDone, Record, StoreProbed, StoreSampled
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, copied, recorded
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore, Trouble
from uploader.duties import Duties
from uploader.store import Store, StoreRefusedError
from uploader.worker import Worker


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A box whose recording is stored, and the store."""
    box = recorded(tmp_path_factory.mktemp("recorded") / "var", MadeCall(number=1, talk=0.2))
    store = FakeStore()
    with Ledger.open(box.folders.ledger) as ledger:
        while Worker(box, ledger, FakeClock(), lambda _: store).one():
            pass
    return box.folders.data, store.objects


@pytest.fixture
def box(stored: tuple[Path, dict[str, bytes]], tmp_path: Path) -> Box:
    return copied(stored[0], tmp_path / "var")


@pytest.fixture
def store(stored: tuple[Path, dict[str, bytes]], clock: FakeClock) -> FakeStore:
    made = FakeStore(clock)
    made.objects = dict(stored[1])
    return made


@pytest.fixture
def duties(box: Box, ledger: Ledger, clock: FakeClock, store: FakeStore) -> Duties:
    return Duties(box, ledger, clock, lambda _: store, lambda _: store)


def ask(ledger: Ledger, duty: str) -> None:
    with ledger.transaction() as connection:
        enqueue(connection, [NewJob(kind=duty, subject="2026-09-21", body={})], 0)


def told(ledger: Ledger, kind: type[Record]) -> list[Record]:
    return [row.record for row in ledger.since(0, [kind])]


def test_without_being_asked_nothing_is_done(duties: Duties, store: FakeStore) -> None:
    assert not duties.one()
    assert store.asked == []


def test_the_canary_leaves_what_it_found(duties: Duties, ledger: Ledger) -> None:
    ask(ledger, "canary")
    assert duties.one()
    (probed,) = told(ledger, StoreProbed)
    assert isinstance(probed, StoreProbed)
    assert probed.capabilities["write"] is True
    assert not duties.one()


def test_a_sample_is_read_back_in_full(duties: Duties, ledger: Ledger, box: Box) -> None:
    ask(ledger, "sample")
    assert duties.one()
    (sampled,) = told(ledger, StoreSampled)
    assert isinstance(sampled, StoreSampled)
    assert (sampled.recording, sampled.problem) == (all_recordings(box)[0].facts.recording, "")


@pytest.mark.parametrize("harm", ["changed", "gone"])
@pytest.mark.parametrize("which", [".flac.age", ".json.age"])
def test_f09_what_is_wrong_at_the_store_is_found(duties: Duties, ledger: Ledger, store: FakeStore, harm: str, which: str) -> None:
    (key,) = (key for key in store.objects if key.endswith(which))
    if harm == "gone":
        del store.objects[key]
    else:
        store.objects[key] = store.objects[key][:-1] + b"!"
    ask(ledger, "sample")
    duties.one()
    (sampled,) = told(ledger, StoreSampled)
    assert isinstance(sampled, StoreSampled)
    assert key in sampled.problem
    assert "keep the local copy" in sampled.problem


def test_a_drill_brings_the_recording_back_opened(duties: Duties, ledger: Ledger, box: Box) -> None:
    ask(ledger, "drill")
    assert duties.one()
    (done,) = told(ledger, DrillDone)
    assert isinstance(done, DrillDone)
    assert (done.depth, done.recordings, done.problems) == ("opened", 1, ())
    assert not list(box.folders.data.glob("drill-*"))


def test_a_drill_without_a_key_compares_what_is_sealed(duties: Duties, ledger: Ledger, box: Box) -> None:
    for path in box.folders.keys.glob("*.key"):
        path.unlink()
    ask(ledger, "drill")
    duties.one()
    (done,) = told(ledger, DrillDone)
    assert isinstance(done, DrillDone)
    assert (done.depth, done.recordings, done.problems) == ("sealed", 1, ())


@pytest.mark.parametrize("duty", ["canary", "sample", "drill"])
def test_a_store_that_is_away_is_asked_again_later(
    duties: Duties, ledger: Ledger, clock: FakeClock, store: FakeStore, duty: str
) -> None:
    for what in ("put", "list", "read"):
        store.on(what, Trouble.LATER, times=1)
    ask(ledger, duty)
    for _ in range(5):
        duties.one()
        clock.forward(3600)
    assert not duties.one()
    assert len(told(ledger, StoreProbed) + told(ledger, StoreSampled) + told(ledger, DrillDone)) == 1


def test_a_store_that_cannot_be_opened_is_a_failure_and_no_crash(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    def shut(box: Box) -> Store:
        raise StoreRefusedError("the credentials are missing")

    ask(ledger, "sample")
    assert Duties(box, ledger, clock, shut, shut).one()
    row = ledger.connection.execute("SELECT state, last_error FROM job WHERE kind = 'sample'").fetchone()
    assert tuple(row) == ("ready", "the credentials are missing")


def test_the_janitor_asks_once_a_day(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    janitor = Janitor(box, ledger, clock)
    for _ in range(3 * 24 * 4):
        janitor.step()
        clock.forward(900)
    asked = [
        tuple(row)
        for row in ledger.connection.execute("SELECT kind, count(*) FROM job WHERE kind IN ('canary','sample') GROUP BY 1")
    ]
    assert asked == [("canary", 4), ("sample", 4)] or asked == [("canary", 3), ("sample", 3)]


@pytest.mark.parametrize("duty", ["sample", "drill"])
def test_where_the_credential_may_not_read_nothing_is_reported_as_lost(
    duties: Duties, ledger: Ledger, clock: FakeClock, store: FakeStore, duty: str
) -> None:
    able = {"write": True, "read": False, "list": False, "wrong-checksum": True}
    ledger.append(StoreProbed(at=clock.now(), store="folder", capabilities=able, problems=()))
    store.on("read", Trouble.REFUSED, times=10)
    ask(ledger, duty)
    assert duties.one()
    assert told(ledger, StoreSampled) + told(ledger, DrillDone) == []
    assert store.asked == []


def sign_of_life(ledger: Ledger, *hours: int) -> None:
    with ledger.transaction() as connection:
        for hour in hours:
            body = {"document": f'{{"hour":{hour}}}', "at": hour * 3600 * SECOND}
            enqueue(connection, [NewJob(kind=HEARTBEAT, subject=str(hour), body=body)], hour * 3600 * SECOND)


def test_a_sign_of_life_lies_under_its_hour(box: Box, ledger: Ledger, duties: Duties, store: FakeStore) -> None:
    sign_of_life(ledger, 24)
    assert duties.one()
    (key,) = [key for key in store.objects if "/heartbeat/" in key]
    assert key.startswith("v1/local/1/heartbeat/1970/01/02/00-") and store.objects[key] == b'{"hour":24}'


def test_after_weeks_in_the_dark_only_the_newest_sign_of_life_is_left(ledger: Ledger, duties: Duties, store: FakeStore) -> None:
    sign_of_life(ledger, 1, 2, 3)
    assert duties.one() and not duties.one()
    assert [body for key, body in store.objects.items() if "/heartbeat/" in key] == [b'{"hour":3}']
