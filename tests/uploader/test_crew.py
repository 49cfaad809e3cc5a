"""Several send at once behind one patience: a slow file holds up nobody, a failing store is left alone. Faults F13, F16, F32."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import Heartbeat, SegmentClosed
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, copied, recorded
from tests.fakes.clock import START, FakeClock
from tests.fakes.store import FakeParts, FakeStore, Trouble
from uploader.crew import Crew, meter_of
from uploader.source import Source
from uploader.store import StoreAgainError
from uploader.worker import Worker

CALLS = tuple(MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in range(4))
LONG_S = 30.0


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with four recordings that wait to be stored."""
    return recorded(tmp_path_factory.mktemp("recorded") / "var", *CALLS).folders.data


@pytest.fixture
def box(four: Path, tmp_path: Path) -> Box:
    """A copy of it."""
    return copied(four, tmp_path / "var")


def until(condition: Callable[[], bool], crew: Crew, ledger: Ledger) -> None:
    """Look after the crew until it is so."""
    end = time.monotonic() + LONG_S
    while not condition() and time.monotonic() < end:
        crew.step(ledger)
        time.sleep(0.01)
    assert condition()


def test_everything_that_waits_is_stored_by_all_together(box: Box, ledger: Ledger) -> None:
    store = FakeStore()
    crew = Crew(box, SystemClock(), lambda _: store)
    try:
        until(lambda: crew.stored == len(CALLS), crew, ledger)
    finally:
        crew.close()
    assert len(store.objects) == 2 * len(CALLS)
    assert all(recording.stored_at for recording in all_recordings(box))
    assert (crew.failed, crew.why_waiting) == ([], "")


def test_drained_is_everything_that_was_due(box: Box) -> None:
    store = FakeStore()
    crew = Crew(box, SystemClock(), lambda _: store)
    crew.drain(SystemClock().now())
    crew.close()
    assert (crew.stored, len(store.objects)) == (len(CALLS), 2 * len(CALLS))


class StuckStore(FakeStore):
    """The first object that is put never gets through."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self._first = threading.Lock()

    def put(self, key: str, source: Source) -> None:
        if self._first.acquire(blocking=False):
            self.released.wait(LONG_S)
            raise StoreAgainError("the line stood still")
        super().put(key, source)


def test_f13_a_file_that_stands_still_holds_up_nobody_else(box: Box, ledger: Ledger) -> None:
    store = StuckStore()
    crew = Crew(box, SystemClock(), lambda _: store)
    try:
        until(lambda: crew.stored == len(CALLS) - 1, crew, ledger)
    finally:
        store.released.set()
        crew.close()


def test_f16_a_store_that_fails_is_not_asked_for_every_job_of_the_backlog(box: Box, ledger: Ledger) -> None:
    clock, store = FakeClock(2 * START), FakeStore()
    store.wait = 1000.0
    store.on("look", Trouble.LATER, times=1000)
    crew = Crew(box, clock, lambda _: store)
    try:
        until(lambda: bool(crew.failed), crew, ledger)
        asked = len(store.asked)
        for _ in range(20):
            crew.step(ledger)
            time.sleep(0.01)
        assert len(store.asked) <= asked + box.config.sending.parallel
        assert "check the network" in crew.why_waiting
        store.heal()
        clock.forward(2000)
        until(lambda: crew.stored == len(CALLS), crew, ledger)
        assert crew.why_waiting == ""
    finally:
        crew.close()


def test_f16_boxes_that_start_together_wait_a_random_while(box: Box, ledger: Ledger) -> None:
    clock, store = FakeClock(2 * START), FakeStore()
    crew = Crew(box, clock, lambda _: store)
    crew.start_apart()
    try:
        crew.step(ledger)
        clock.forward(60)
        until(lambda: crew.stored == len(CALLS), crew, ledger)
    finally:
        crew.close()


def beat(dropped: int) -> Heartbeat:
    return Heartbeat(at=1, service="capture", pid=1, state="ok", detail={"dropped": dropped})


def segment(lost: int) -> SegmentClosed:
    return SegmentClosed(
        at=1, call="c", segment=f"s{lost}", side="caller", source="", destination="", ssrc=1, codecs=(), first=0, last=1, packets=1000,
        lost=lost, late=0, file="",
    )  # fmt: skip


def test_f32_sending_pauses_while_the_tap_drops_packets(box: Box, ledger: Ledger) -> None:
    clock, store = FakeClock(2 * START), FakeStore()
    ledger.beat(beat(5))
    crew = Crew(box, clock, lambda _: store)
    crew._listen(ledger)
    ledger.beat(beat(6))
    try:
        crew.step(ledger)
        assert "speech is being lost" in crew.why_waiting
        time.sleep(0.05)
        assert store.objects == {}
    finally:
        crew.close()


@pytest.mark.parametrize(("lost", "pauses"), [(100, True), (1, False)])
def test_f32_a_call_that_lost_speech_on_the_wire_pauses_sending(box: Box, ledger: Ledger, lost: int, pauses: bool) -> None:
    crew = Crew(box, FakeClock(2 * START), lambda _: FakeStore())
    crew._listen(ledger)
    ledger.append(segment(lost))
    crew._listen(ledger)
    assert bool(crew.why_waiting) == pauses
    crew.close()


def test_f32_the_pause_is_a_setting(four: Path, tmp_path: Path) -> None:
    shutil.copytree(four, tmp_path / "var")
    (tmp_path / "var" / "appliance.toml").write_text("[sending]\npause_on_loss = false\n")
    box = Box.at(tmp_path / "var")
    with Ledger.open(box.folders.ledger) as ledger:
        crew = Crew(box, FakeClock(2 * START), lambda _: FakeStore())
        crew._listen(ledger)
        ledger.append(segment(500))
        crew._listen(ledger)
        assert crew.why_waiting == ""
        crew.close()


def test_the_limit_follows_the_hours_of_the_site(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(
        "[sending]\nkilobits = 800\n[[sending.hours]]\nbegin = '09:00'\nend = '18:00'\nkilobits = 80\n"
    )
    meter = meter_of(Box.at(tmp_path / "var"))
    meter.at(8 * 60)
    assert meter.rate == 100_000
    meter.at(9 * 60)
    assert meter.rate == 10_000


def test_f05_what_an_earlier_life_left_at_the_store_is_let_go_at_the_start(box: Box, ledger: Ledger) -> None:
    clock = FakeClock(2 * START)
    store = FakeParts(clock, part=1 << 30)
    store.begin("v1/local/1/2026/orphan")
    clock.forward(7200)
    crew = Crew(box, clock, lambda _: store)
    try:
        until(lambda: not store.uploads, crew, ledger)
        until(lambda: crew.stored == len(CALLS), crew, ledger)
    finally:
        crew.close()
    assert ("unfinished", "v1/local/1/") in store.asked


def test_what_ends_a_worker_reaches_the_services_loop_and_another_takes_its_place(box: Box, ledger: Ledger) -> None:
    class OddStore(FakeStore):
        odd = True

        def look(self, key: str) -> None:
            if self.odd:
                raise RuntimeError("a bug")

    store = OddStore()
    crew = Crew(box, SystemClock(), lambda _: store)
    with pytest.raises(RuntimeError, match="a bug"):
        until(lambda: False, crew, ledger)
    crew.close()


def test_a_service_that_stops_leaves_the_rest_for_the_next_time(box: Box, ledger: Ledger) -> None:
    store = FakeStore()
    crew = Crew(box, SystemClock(), lambda _: store)
    crew.close()
    crew.step(ledger)
    time.sleep(0.05)
    assert store.objects == {}


def test_a_worker_without_work_does_not_report_its_last_failure_again(box: Box, ledger: Ledger) -> None:
    clock, store = FakeClock(2 * START), FakeStore()
    store.on("look", Trouble.LATER)
    with Ledger.open(box.folders.ledger) as opened:
        worker = Worker(box, opened, clock, lambda _: store)
        assert worker.one()
        assert worker.last_error is not None
        while worker.one():
            pass
        assert worker.last_error is None
