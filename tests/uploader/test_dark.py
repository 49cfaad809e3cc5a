"""Three days without a network at a busy office, then the network is back. Simulated hours, real files, the real queue. Fault F31."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import lookup, shelf
from appliance.box import Box
from appliance.ids import hash_id
from appliance.janitor.work import Janitor
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger, append
from appliance.records import RecordingExpired
from tests.fakes import facts
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore, Trouble
from uploader.worker import Worker

HOURS, CALLS_AN_HOUR, SIZE = 72, 8, 4000
COUNT = HOURS * CALLS_AN_HOUR
DISK = 400 * SIZE
"""Room for fewer calls than the three days bring: what is stored has to make way, what is not must not."""


class Office:
    """A box whose calls go on, and its way out."""

    def __init__(self, box: Box, ledger: Ledger, clock: FakeClock) -> None:
        self.box, self.ledger, self.clock = box, ledger, clock
        self.store = FakeStore()
        self.worker = Worker(box, ledger, clock, lambda _: self.store)
        self.janitor = Janitor(box, ledger, clock)
        self.recorded: list[str] = []

    def call(self) -> None:
        """One call is recorded and waits for the store."""
        number = len(self.recorded) + 1
        name = hash_id("dark", number)[:16]
        ready = facts.ready(
            recording=name, call=hash_id("call", number), sequence=number, started_at=self.clock.now(), at=self.clock.now(),
            file=f"2026/09/21/{name}.flac.age", manifest=f"2026/09/21/{name}.json.age", bytes=SIZE,
        )  # fmt: skip
        body = hashlib.sha256(name.encode()).digest() * (SIZE // 32)
        beside = name.encode()
        for file, content in ((ready.file, body), (ready.manifest, beside)):
            path = self.box.folders.recordings / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        ready = replace(
            ready, sealed_sha256=hashlib.sha256(body).hexdigest(), manifest_sha256=hashlib.sha256(beside).hexdigest()
        )  # fmt: skip
        with self.ledger.transaction() as connection:
            append(connection, [ready])
            enqueue(connection, [NewJob(kind="upload", subject=name, body={})], self.clock.now())
        self.recorded.append(name)

    def on_disk(self) -> list[str]:
        """Recordings whose local copy is there, oldest first."""
        there = {path.name.split(".")[0] for path in self.box.folders.recordings.rglob("*.flac.age")}
        return [name for name in self.recorded if name in there]

    def free(self, _: Path) -> int:
        """As the small disk has it."""
        return DISK - SIZE * len(self.on_disk())

    def hour(self) -> None:
        """An hour goes by, with its calls and what the services do."""
        for _ in range(CALLS_AN_HOUR):
            self.call()
            self.clock.forward(3600 / CALLS_AN_HOUR)
            self.worker.one()
        self.janitor.make_room()


@pytest.fixture
def office(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Office:
    data = tmp_path / "var"
    data.mkdir()
    (data / "appliance.toml").write_text("[sending]\nfresh_every = 0\n[retention]\nkeep_free_megabytes = 1\n")
    box = Box.at(data)
    found = Office(box, Ledger.open(box.folders.ledger), clock)
    found.ledger.connection.execute("PRAGMA synchronous=OFF")  # a simulation of days, not of a power cut
    monkeypatch.setattr(shelf, "free_bytes", found.free)
    return found


def test_three_dark_days_lose_nothing_keep_the_order_and_then_the_disks_budget(office: Office) -> None:
    for what in ("look", "put", "read"):
        office.store.on(what, Trouble.LATER, times=10**6)
    for _ in range(HOURS):
        office.hour()
    assert office.on_disk() == office.recorded and len(office.recorded) == COUNT, "the disk is over its budget, and all is kept"
    assert office.store.objects == {}
    office.store.heal()
    office.clock.forward(3600)
    while office.worker.one():
        pass
    kept = {key: body for key, body in office.store.objects.items() if key.endswith(".flac.age")}
    assert len(kept) == COUNT and all(len(body) == SIZE for body in kept.values())
    puts = [key.rpartition("/")[2].partition("-")[0] for what, key in office.store.asked if what == "put" and ".flac" in key]
    delivered = list(dict.fromkeys(puts[-COUNT:]))
    assert delivered == office.recorded, "the oldest first"
    office.janitor.make_room()
    assert office.on_disk() == office.recorded[-len(office.on_disk()) :], "the oldest copies made room"
    assert office.free(office.box.folders.data) >= 1_000_000 > office.free(office.box.folders.data) - SIZE, "no more than must"
    gone = [row.record for row in office.ledger.since(0, (RecordingExpired,), limit=COUNT)]
    assert len(gone) == COUNT - len(office.on_disk())
    assert all(one.stored_at is not None for one in lookup.recordings(office.ledger.connection))
    office.ledger.close()
