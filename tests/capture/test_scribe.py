"""The scribe keeps the order of facts, writes files before rows, and loses nothing while the ledger or the disk is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.doorbell import Doorbell
from appliance.errors import CouldNotError
from appliance.jobs import NewJob
from appliance.ledger import Ledger, LedgerError
from appliance.records import CallAnswered, Heartbeat, Record, WeirdSeen
from capture.scribe import Entry, Inline, Scribe, write
from capture.spool import SpoolError
from tests import needs
from tests.bed import disks
from tests.bed.house import wait_for
from tests.fakes import facts
from tests.fakes.clock import START, FakeClock
from tests.fakes.spool import StubbornReel

JOB = NewJob(kind="render", subject=facts.CALL, body={"reel": "eth1"})


@pytest.fixture
def reel(box: Box) -> Iterator[StubbornReel]:
    found = StubbornReel(box.folders.spool, "eth1")
    yield found
    found.close()


def told(box: Box) -> list[Record]:
    """Every record that the ledger holds, in order."""
    with Ledger.open(box.folders.ledger) as ledger:
        return [row.record for row in ledger.since(0, limit=10_000)]


def weird(number: int) -> WeirdSeen:
    return WeirdSeen(at=START + number, name=f"weird-{number}", via="eth1", count=1, sample="")


def test_entries_are_written_in_one_transaction(box: Box, ledger: Ledger, reel: StubbornReel) -> None:
    write(ledger, reel, [Entry(records=[facts.ringing()]), Entry(records=[facts.answered()], jobs=[JOB])], START)
    assert told(box) == [facts.ringing(), facts.answered()]
    assert ledger.connection.execute("SELECT id, state FROM job").fetchall()[0]["id"] == JOB.id


def test_an_entry_that_cannot_be_written_takes_its_whole_batch_back(box: Box, ledger: Ledger, reel: StubbornReel) -> None:
    ledger.connection.execute("DROP TABLE job")
    with pytest.raises(LedgerError):
        write(ledger, reel, [Entry(records=[facts.ringing()]), Entry(records=[facts.answered()], jobs=[JOB])], START)
    assert told(box) == []


def test_no_row_speaks_of_a_file_that_is_not_yet_safe(box: Box, ledger: Ledger, reel: StubbornReel) -> None:
    reel.unsynced = {0}
    with pytest.raises(SpoolError):
        write(ledger, reel, [Entry(records=[facts.ringing()]), Entry(records=[facts.ended()], jobs=[JOB], durable=True)], START)
    assert told(box) == []
    assert ledger.connection.execute("SELECT count(*) FROM job").fetchone()[0] == 0


def test_only_a_close_waits_for_the_disk(ledger: Ledger, reel: StubbornReel) -> None:
    write(ledger, reel, [Entry(records=[facts.ringing()])], START)
    assert reel.syncs == 0
    write(ledger, reel, [Entry(records=[facts.ended()], durable=True)], START)
    assert reel.syncs == 1


def test_the_same_facts_twice_are_one(box: Box, ledger: Ledger, reel: StubbornReel) -> None:
    for _ in range(2):
        write(ledger, reel, [Entry(records=[facts.ringing(), facts.ended()], jobs=[JOB])], START)
    assert told(box) == [facts.ringing(), facts.ended()]


def test_a_heartbeat_replaces_the_one_before(ledger: Ledger, reel: StubbornReel) -> None:
    beats = [Heartbeat(at=at, service="capture", pid=1, state="ok", detail={"frames": at}) for at in (START, START + 1)]
    write(ledger, reel, [Entry(heartbeat=beat) for beat in beats], START)
    assert ledger.heartbeats() == beats[1:]


def test_inline_writes_before_it_returns_and_passes_trouble_on(
    box: Box, ledger: Ledger, reel: StubbornReel, clock: FakeClock
) -> None:
    pen = Inline(ledger, reel, box.folders, clock)
    pen.put(Entry(records=[facts.ringing()]))
    assert told(box) == [facts.ringing()]
    reel.unsynced = {0, 1}
    with pytest.raises(CouldNotError):
        pen.put(Entry(records=[facts.ended()], durable=True))
    with pytest.raises(CouldNotError):
        pen.close()
    pen.close()
    assert reel.syncs == 3


def test_everything_is_written_in_order_by_the_time_it_is_closed(box: Box, reel: StubbornReel) -> None:
    scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
    for number in range(500):
        scribe.put(Entry(records=[weird(number)]))
    scribe.close()
    assert told(box) == [weird(number) for number in range(500)]
    assert reel.syncs >= 1, "what is on the spool is durable too"


def test_a_ledger_that_is_away_for_a_while_loses_no_entry(box: Box, reel: StubbornReel) -> None:
    asked = 0

    def away_twice() -> Ledger:
        nonlocal asked
        asked += 1
        if asked <= 2:
            raise LedgerError("the ledger cannot be opened (told so)")
        return Ledger.open(box.folders.ledger)

    scribe = Scribe(away_twice, reel, box.folders, SystemClock())
    for number in range(20):
        scribe.put(Entry(records=[weird(number)]))
    scribe.close()
    assert told(box) == [weird(number) for number in range(20)]


def test_a_disk_that_fails_for_a_while_holds_the_rows_back_and_loses_none(box: Box, reel: StubbornReel) -> None:
    reel.unsynced = {0, 1}
    scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
    scribe.put(Entry(records=[facts.ringing()]))
    scribe.put(Entry(records=[facts.ended()], jobs=[JOB], durable=True))
    scribe.put(Entry(records=[weird(1)]))
    scribe.close()
    assert told(box) == [facts.ringing(), facts.ended(), weird(1)]
    assert reel.syncs > 2


def test_a_disk_that_hangs_keeps_no_ringing_back_and_every_other_fact_in_its_order(box: Box) -> None:
    hang = threading.Event()

    class Hanging(StubbornReel):
        def sync(self) -> None:
            assert hang.wait(30.0)
            super().sync()

    reel = Hanging(box.folders.spool, "eth1")
    scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
    scribe.put(Entry(records=[facts.ended()], jobs=[JOB], durable=True))
    scribe.put(Entry(records=[weird(1)]))
    scribe.put(Entry(records=[facts.ringing()], first=True))
    wait_for("the ringing", lambda: told(box) == [facts.ringing()])
    hang.set()
    scribe.close()
    assert told(box) == [facts.ringing(), facts.ended(), weird(1)]
    reel.close()


def test_what_many_calls_close_meanwhile_is_one_sync(box: Box, reel: StubbornReel) -> None:
    scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
    for number in range(100):
        scribe.put(Entry(records=[weird(number)], durable=True))
    scribe.close()
    assert told(box) == [weird(number) for number in range(100)]
    assert reel.syncs < 10


@needs.root
def test_a_full_disk_under_the_ledger_loses_no_entry(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with disks.disk(tmp_path / "small", 2048) as place:
        box = Box.at(place)
        Ledger.open(box.folders.ledger).close()
        reel = StubbornReel(tmp_path / "spool", "eth1")
        filler = disks.fill(place)
        scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
        long = "ab" * 20_000
        for number in range(20):
            scribe.put(Entry(records=[WeirdSeen(at=START, name=f"weird-{number}", via="eth1", count=1, sample=long)]))
        wait_for("the trouble to be said", lambda: bool(caplog.records))
        filler.unlink()
        scribe.close()
        assert [record.subject for record in told(box)] == [f"weird-{number}" for number in range(20)]
        reel.close()


def test_whoever_waits_is_rung_when_there_is_news(box: Box, reel: StubbornReel) -> None:
    bell = Doorbell(box.folders.run, "web")
    scribe = Scribe(lambda: Ledger.open(box.folders.ledger), reel, box.folders, SystemClock())
    scribe.put(Entry(records=[CallAnswered(at=START, call=facts.CALL)]))
    assert bell.wait(20.0)
    assert told(box) == [CallAnswered(at=START, call=facts.CALL)]
    scribe.close()
    bell.close()


def test_a_scribe_that_died_of_a_fault_is_noticed_so_that_the_tap_starts_anew(
    box: Box, reel: StubbornReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault() -> Ledger:
        raise ZeroDivisionError

    deaths: list[object] = []
    monkeypatch.setattr("threading.excepthook", deaths.append)
    scribe = Scribe(fault, reel, box.folders, SystemClock())
    scribe.check()
    scribe.put(Entry(records=[facts.ringing()]))
    wait_for("the scribe's death", lambda: bool(deaths))
    wait_for("the end of its thread", lambda: not any(thread.name == "scribe" for thread in threading.enumerate()))
    with pytest.raises(RuntimeError, match="the scribe has died"):
        scribe.check()
    scribe.close()
