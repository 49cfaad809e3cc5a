"""The render service does each job once, waits for space and keys for ever, gives up only on a poisoned call, and may die anywhere."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from appliance import sealed, shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.keys import identities_in
from appliance.ledger import Ledger
from appliance.moments import Nanoseconds
from appliance.records import Record, RecordingFailed, RecordingReady
from capture.spool import Reel
from capture.worker import ABANDONED_S, LEASE, LOOK_S, MAX_ATTEMPTS, TakenOverError, Worker
from tests import needs
from tests.bed import disks
from tests.bed.made import MadeCall
from tests.bed.recorded import TOUCHES, all_recordings, captured, copied
from tests.fakes.clock import START, FakeClock
from tests.fakes.processes import killed_before

FIRST = MadeCall(talk=0.4)
SECOND_CALL = MadeCall(number=1, begin=START + 10**9, talk=0.4)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with two calls that wait to be rendered."""
    return captured(tmp_path_factory.mktemp("two") / "var", FIRST, SECOND_CALL).folders.data


@pytest.fixture
def box(two: Path, tmp_path: Path) -> Box:
    """A copy of it."""
    return copied(two, tmp_path / "var")


@pytest.fixture
def clock() -> FakeClock:
    """Later than everything that was really done."""
    return FakeClock(2 * START)


def drain(box: Box) -> None:
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, SystemClock())
        while worker.one():
            pass


def states(ledger: Ledger) -> list[tuple[str, int]]:
    rows = ledger.connection.execute("SELECT state, attempts FROM job WHERE kind = 'render' ORDER BY created_at, rowid")
    return [(row["state"], row["attempts"]) for row in rows]


def calls(box: Box) -> list[str]:
    """The calls that wait, oldest job first."""
    with Ledger.open(box.folders.ledger) as ledger:
        rows = ledger.connection.execute("SELECT subject FROM job WHERE kind = 'render' ORDER BY created_at, rowid")
        return [row["subject"] for row in rows]


def told(ledger: Ledger, *kinds: type[Record]) -> list[Record]:
    return [row.record for row in ledger.since(0, kinds)]


def sealed_files(box: Box) -> list[str]:
    return sorted(path.name for path in box.folders.data.rglob("*") if path.is_file() and path.suffix in (".age", ".part"))


def poison(box: Box, call: str) -> None:
    """Make the call's spool such that reading it fails in a way that nobody has thought of."""
    stream = sorted((box.folders.spool / "eth1" / call).glob("*.rtp"))[0]
    stream.unlink()
    stream.mkdir()


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """As an ordinary user, in the same process."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_every_call_is_rendered_oldest_first_and_queued_to_be_stored(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    worker = Worker(box, ledger, clock)
    assert [worker.step(), worker.step(), worker.step()] == [0.0, 0.0, LOOK_S]
    recordings = all_recordings(box)
    assert [recording.facts.call for recording in recordings] == calls(box)
    uploads = ledger.connection.execute("SELECT subject FROM job WHERE kind = 'upload' ORDER BY rowid").fetchall()
    assert [row["subject"] for row in uploads] == [recording.facts.recording for recording in recordings]
    assert states(ledger) == [("done", 1)] * 2
    assert worker.done == 2


def test_only_the_calls_that_are_asked_for_are_rendered(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    wanted = calls(box)[1]
    worker = Worker(box, ledger, clock)
    assert worker.one(wanted)
    assert not worker.one(wanted)
    assert [recording.facts.call for recording in all_recordings(box)] == [wanted]


def test_killed_at_any_place_it_ends_as_if_it_had_lived(two: Path, tmp_path: Path) -> None:
    whole: list[tuple[str, str, int]] = []
    for touch in (100_000, *range(0, 130, 11)):
        data = tmp_path / str(touch)
        shutil.copytree(two, data)
        box = Box.at(data)
        assert killed_before(touch, partial(drain, box), calls=TOUCHES) == bool(whole)
        drain(box)
        found = [(one.facts.recording, one.facts.plain_sha256, one.facts.sequence) for one in all_recordings(box)]
        whole = whole or found
        assert found == whole
        for recording in all_recordings(box):
            assert shelf.sha256_of(box.folders.recordings / recording.facts.file) == recording.facts.sealed_sha256
        with Ledger.open(box.folders.ledger) as ledger:
            assert len(told(ledger, RecordingReady)) == 2
            assert [state for state, _ in states(ledger)] == ["done"] * 2
        shutil.rmtree(data)


@pytest.mark.parametrize("form", ["flac", "opus"])
@needs.root
def test_a_full_disk_costs_no_attempt_and_everything_comes_when_there_is_space(two: Path, tmp_path: Path, form: str) -> None:
    shutil.copytree(two, tmp_path / "var")
    (tmp_path / "var" / "appliance.toml").write_text(f'[capture]\nformat = "{form}"\n')
    box, clock = Box.at(tmp_path / "var"), FakeClock(2 * START)
    with disks.disk(box.folders.recordings, 64) as place, Ledger.open(box.folders.ledger) as ledger:
        filler = disks.fill(place)
        worker = Worker(box, ledger, clock)
        for _ in range(2 * MAX_ATTEMPTS):
            with pytest.raises(CouldNotError, match="No space left on device"):
                worker.one()
            clock.forward(3600)
        assert states(ledger) == [("ready", 0)] * 2
        assert [path for path in place.rglob("*") if path.is_file()] == [filler], "nothing half-written is left"
        filler.unlink()
        while worker.one():
            pass
        assert states(ledger) == [("done", 1)] * 2
        assert len(all_recordings(box)) == 2


def test_a_poisoned_call_is_put_into_quarantine_in_the_end_and_stops_nobody(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    poisoned, healthy = calls(box)
    poison(box, poisoned)
    worker = Worker(box, ledger, clock)
    for attempt in range(MAX_ATTEMPTS):
        with pytest.raises(IsADirectoryError):
            worker.one()
        assert not told(ledger, RecordingFailed)
        if not attempt:
            assert worker.one(), "the next call has its turn"
            assert [recording.facts.call for recording in all_recordings(box)] == [healthy]
        clock.forward(LEASE / 1e9 + 1)
    assert worker.one()
    assert [state for state, _ in states(ledger)] == ["done", "done"]
    (failed,) = told(ledger, RecordingFailed)
    assert isinstance(failed, RecordingFailed)
    assert (failed.call, failed.reason) == (poisoned, f"rendering failed {MAX_ATTEMPTS} times")
    with (box.folders.quarantine / failed.quarantine).open("rb") as file:
        clear = sealed.SealedReader(file, identities_in(box.folders.keys))
        with tarfile.open(fileobj=clear) as archive:
            assert f"{poisoned}/signalling" in archive.getnames()


def test_a_spool_that_vanished_is_said_to_hold_nothing(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    shutil.rmtree(box.folders.spool / "eth1" / calls(box)[0])
    worker = Worker(box, ledger, clock)
    while worker.one():
        pass
    reasons = [row["not_recorded"] for row in ledger.connection.execute("SELECT not_recorded FROM call ORDER BY started_at")]
    assert reasons == ["no_media", None]


def break_public(keys: Path) -> None:
    (keys / "playback.pub").write_text("age1nonsense\n")


def break_signing(keys: Path) -> None:
    (keys / "box.key").write_text("nonsense\n")


def open_signing(keys: Path) -> None:
    (keys / "box.key").chmod(0o644)


def remove_folder(keys: Path) -> None:
    shutil.rmtree(keys)
    keys.write_text("a file")


@pytest.mark.parametrize("harm", [break_public, break_signing, open_signing, remove_folder])
def test_without_keys_nothing_is_kept_in_clear_instead(
    box: Box, ledger: Ledger, clock: FakeClock, harm: Callable[[Path], None]
) -> None:
    Worker(box, ledger, clock)  # makes the keys
    harm(box.folders.keys)
    before = sorted(path for path in box.folders.data.rglob("*") if path.is_file())
    with pytest.raises(CouldNotError, match=str(box.folders.keys)):
        Worker(box, ledger, clock)
    assert sorted(path for path in box.folders.data.rglob("*") if path.is_file()) == before
    assert states(ledger) == [("ready", 0)] * 2


@needs.root
def test_a_keys_folder_of_somebody_else_is_one_sentence(two: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        box = Box.at(Path(shutil.copytree(two, Path(place) / "var")))
        box.folders.data.chmod(0o777)
        with Ledger.open(box.folders.ledger) as ledger:
            Worker(box, ledger, SystemClock())
            with as_somebody_else(), pytest.raises(CouldNotError, match=r"keys.*Permission denied"):
                Worker(box, ledger, SystemClock())


def test_a_job_of_a_worker_that_died_is_done_at_once_by_the_next(box: Box, ledger: Ledger) -> None:
    ledger.close()
    child = os.fork()
    if child == 0:
        try:
            with Ledger.open(box.folders.ledger) as own:
                worker = Worker(box, own, SystemClock())
                worker._jobs.claim("render", SystemClock().now(), 10**18)
        finally:
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    with Ledger.open(box.folders.ledger) as again:
        assert [state for state, _ in states(again)] == ["leased", "ready"]
    drain(box)
    assert len(all_recordings(box)) == 2


class Stalling(FakeClock):
    """A clock of a worker that is stopped for hours when it looks at it for the n-th time; meanwhile another does the work."""

    def __init__(self, box: Box, looks: int) -> None:
        super().__init__(2 * START)
        self._box, self._looks = box, looks

    def monotonic(self) -> Nanoseconds:
        """Monotonic clock."""
        self._looks -= 1
        if self._looks == 0:
            self.forward(2 * LEASE / 1e9)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    with Ledger.open(self._box.folders.ledger) as ledger:
                        worker = Worker(self._box, ledger, FakeClock(int(self.now())))
                        code = 0 if worker.one() and worker.one() else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return super().monotonic()


@pytest.mark.parametrize("looks", [3, 4])
def test_a_worker_that_was_away_too_long_spoils_nothing_of_the_one_that_took_over(two: Path, tmp_path: Path, looks: int) -> None:
    shutil.copytree(two, tmp_path / "var")
    box = Box.at(tmp_path / "var")
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, Stalling(box, looks))
        with pytest.raises(TakenOverError, match="another worker"):
            worker.one()
        assert not worker.one()
        assert len(told(ledger, RecordingReady)) == 2
    for recording in all_recordings(box):
        facts = recording.facts
        assert shelf.sha256_of(box.folders.recordings / facts.file) == facts.sealed_sha256
    assert not [name for name in sealed_files(box) if name.endswith(".part")]


def test_reels_that_nobody_writes_are_taken_in_when_there_is_nothing_else_to_do(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    child = os.fork()
    if child == 0:
        try:
            captured(tmp_path / "var", MadeCall(talk=0.6, ended=False))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with Ledger.open(box.folders.ledger) as ledger:
        clock = FakeClock(SystemClock().now())
        worker = Worker(box, ledger, clock)
        assert worker.step() == LOOK_S
        assert all_recordings(box) == []
        assert worker.step() == LOOK_S, "its recorder may just be starting again"
        clock.forward(2 * ABANDONED_S)
        reel = Reel(box.folders.spool, "eth1")
        assert worker.step() == LOOK_S
        assert worker.step() == LOOK_S, "somebody writes it"
        reel.close()
        assert worker.step() == LOOK_S
        clock.forward(1)
        assert worker.step() == 0.0
        (recording,) = all_recordings(box)
        assert recording.facts.cut
