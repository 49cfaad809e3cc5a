"""Whoever records may be killed anywhere: what was on the spool becomes a recording marked as cut, or the successor goes on as if
nothing had happened.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording
from appliance.moments import SECOND
from appliance.records import SegmentClosed
from capture import blocks, recovery
from capture.dialog import AGAIN, LINGER
from capture.engine import Engine
from capture.pcapfile import Captured
from capture.recorder import Recorder
from capture.scribe import Inline
from capture.spool import Reel
from capture.voice import survey
from capture.worker import Worker
from tests.bed.made import MadeCall, together
from tests.bed.recorded import TOUCHES
from tests.fakes.clock import START
from tests.fakes.processes import killed_before

CALL = MadeCall(talk=1.0)
OTHER = MadeCall(number=1, begin=START + SECOND // 4, talk=0.4)
BLOCK = 9
"""Frames that are released together, as a block of the kernel's ring is."""
RELEASED = "released"


class Bench:
    """One recorder on a box, fed as the tap feeds it: frames of a block count as released once all is on the spool."""

    def __init__(self, box: Box, ledger: Ledger) -> None:
        self._box = box
        self._reel = Reel(box.folders.spool, "eth1")
        self.engine = Engine(box.config, via="eth1")
        self._recorder = Recorder(self.engine, self._reel, Inline(ledger, self._reel, box.folders, SystemClock()), box.config)
        self.resumed = recovery.rebuild(self.engine, self._reel, ledger, self.now)

    @property
    def now(self) -> int:
        return time.monotonic_ns()

    def take(self, frames: list[Captured]) -> None:
        """Record the frames that nobody has released yet."""
        note = self._box.folders.data / RELEASED
        released = int(note.read_text()) if note.exists() else 0
        for begin in range(released, len(frames), BLOCK):
            for captured in frames[begin : begin + BLOCK]:
                self.engine.frame(captured.link, captured.frame, captured.at, self.now)
            self._recorder.perform(self.now)
            self._recorder.flush(self.now)
            assert self._recorder.safe
            note.with_suffix(".new").write_text(str(begin + BLOCK))
            note.with_suffix(".new").rename(note)

    def finish(self) -> None:
        """Time passes until every call is closed."""
        for pause in (LINGER, AGAIN + LINGER, AGAIN + 2 * LINGER):
            self.engine.tick(self.now + pause)
            self._recorder.perform(self.now)
        self._reel.close()


def record(data: Path, frames: list[Captured], *, end: bool = True) -> list[str]:
    """A whole life of a recorder; returns the calls that it took over."""
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        bench = Bench(box, ledger)
        bench.take(frames)
        if end:
            bench.finish()
    return list(bench.resumed)


def take_in(box: Box, idle: float = 0.0, prefix: str = "") -> list[str]:
    with Ledger.open(box.folders.ledger) as ledger:
        return recovery.take_in(box.folders, box.config, ledger, SystemClock(), idle=idle, prefix=prefix)


def outcome(box: Box) -> dict[str, tuple[Call, Recording | None, list[SegmentClosed]]]:
    """Every call once all is rendered, with its recording and streams, by SIP Call-ID."""
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, SystemClock())
        while worker.one():
            pass
        found = {}
        for row in ledger.connection.execute("SELECT subject, body FROM record WHERE kind = 'CallRinging'"):
            call = get_call(ledger.connection, row["subject"])
            assert call is not None
            closed = [entry.record for entry in ledger.of(call.id) if isinstance(entry.record, SegmentClosed)]
            found[json.loads(row["body"])["sip_call_id"]] = (call, get_recording(ledger.connection, call.id), closed)
        return found


def heard(recording: Recording | None) -> Any:
    """What a recording holds, without what differs between two sealings."""
    assert recording is not None
    facts = recording.facts
    return facts.recording, facts.plain_sha256, facts.seconds, facts.packets, facts.lost, facts.codecs, facts.cut, facts.one_sided


def kill_after(data: Path, frames: list[Captured], blocks_taken: int) -> None:
    """A recorder that dies right after it has taken so many blocks."""
    part = frames[: blocks_taken * BLOCK]
    pid = os.fork()
    if pid == 0:
        try:
            record(data, part, end=False)
        finally:
            os.kill(os.getpid(), 9)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9


def call_folder(box: Box) -> Path:
    (found,) = (path for path in box.folders.spool.glob("*/*") if path.is_dir())
    return found


@pytest.fixture(scope="module")
def frames() -> list[Captured]:
    return together(CALL, OTHER)


@pytest.fixture(scope="module")
def calm(
    tmp_path_factory: pytest.TempPathFactory, frames: list[Captured]
) -> dict[str, tuple[Call, Recording | None, list[SegmentClosed]]]:
    """What comes of the same frames when nobody dies."""
    data = tmp_path_factory.mktemp("calm") / "var"
    record(data, frames)
    return outcome(Box.at(data))


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[Box]:
    """A box whose recorder died in the middle of a call."""
    kill_after(tmp_path / "var", CALL.frames(), 6)
    yield Box.at(tmp_path / "var")


def test_a_recorder_killed_in_a_call_leaves_a_recording_marked_as_cut(cut: Box) -> None:
    (call,) = take_in(cut)
    row, recording, closed = outcome(cut)["made-0"]
    assert row.id == call
    assert (row.end_reason, row.end_seen) == ("recorder_stopped", False)
    assert recording is not None
    assert recording.facts.cut
    flushed = sum(1 for captured in CALL.frames()[: 6 * BLOCK] if len(captured.frame) == 14 + 28 + 172)
    assert recording.facts.packets == flushed == sum(segment.packets for segment in closed)
    assert recording.facts.lost == 0


def test_a_cut_call_ends_with_its_last_packet_whenever_it_is_taken_in(cut: Box) -> None:
    take_in(cut)
    row, recording, closed = outcome(cut)["made-0"]
    last = max(captured.at for captured in CALL.frames()[: 6 * BLOCK])
    assert row.ended_at == last == max(segment.last for segment in closed)
    assert recording is not None
    assert row.duration == pytest.approx(recording.facts.seconds, abs=0.05)


def test_what_is_taken_in_once_is_not_taken_in_again(cut: Box) -> None:
    assert len(take_in(cut)) == 1
    assert take_in(cut) == [], "it is queued"
    assert len(outcome(cut)) == 1
    assert take_in(cut) == [], "it is settled"


def test_a_reel_that_was_just_written_is_left_to_its_own_recorder(cut: Box) -> None:
    assert take_in(cut, idle=60.0) == []
    for path in cut.folders.spool.rglob("*"):
        os.utime(path, (time.time() - 100, time.time() - 100))
    assert len(take_in(cut, idle=60.0)) == 1


def test_a_reel_that_is_being_written_is_left_alone(cut: Box) -> None:
    reel = Reel(cut.folders.spool, "eth1")
    assert take_in(cut) == []
    reel.close()
    assert len(take_in(cut)) == 1


def test_only_reels_with_the_prefix_are_taken_in(cut: Box) -> None:
    assert take_in(cut, prefix="replay-") == []
    assert len(take_in(cut, prefix="eth")) == 1


def test_nothing_to_take_in_is_no_trouble(box: Box) -> None:
    assert take_in(box) == []


@pytest.mark.parametrize("taken", [1, 2, 4, 7, 9, 12])
def test_a_successor_goes_on_and_the_end_is_as_if_nobody_had_died(
    tmp_path: Path, frames: list[Captured], calm: dict[str, tuple[Call, Recording | None, list[SegmentClosed]]], taken: int
) -> None:
    data = tmp_path / "var"
    kill_after(data, frames, taken)
    assert len(record(data, frames)) in (1, 2)
    after = outcome(Box.at(data))
    assert after.keys() == calm.keys()
    for name, (call, recording, closed) in calm.items():
        assert after[name][0] == call
        assert heard(after[name][1]) == heard(recording)
        assert sorted(after[name][2], key=lambda one: one.segment) == sorted(closed, key=lambda one: one.segment)


def test_killed_at_any_place_the_ids_the_rows_and_the_sound_are_the_same(
    tmp_path: Path, frames: list[Captured], calm: dict[str, tuple[Call, Recording | None, list[SegmentClosed]]]
) -> None:
    for touch in range(0, 240, 12):
        data = tmp_path / str(touch)
        assert killed_before(touch, partial(record, data, frames), calls=TOUCHES), "there was more to be done"
        record(data, frames)
        after = outcome(Box.at(data))
        assert after.keys() == calm.keys()
        for name, (call, recording, closed) in calm.items():
            assert after[name][0] == call
            assert heard(after[name][1]) == heard(recording)
            assert {one.segment for one in after[name][2]} == {one.segment for one in closed}
        assert take_in(Box.at(data)) == []
        shutil.rmtree(data)


def test_a_call_of_which_nothing_more_is_heard_ends_soon(cut: Box) -> None:
    record(cut.folders.data, CALL.frames()[: 6 * BLOCK])
    row, recording, _ = outcome(cut)["made-0"]
    assert row.end_reason == "recorder_stopped"
    assert recording is not None
    assert recording.facts.cut


def test_a_call_that_had_ended_and_was_not_closed_is_whole(tmp_path: Path) -> None:
    data, all_of_it = tmp_path / "var", CALL.frames()
    kill_after(data, all_of_it, len(all_of_it) // BLOCK + 1)
    assert len(take_in(Box.at(data))) == 1
    row, recording, _ = outcome(Box.at(data))["made-0"]
    assert (row.end_reason, row.end_seen) == ("hangup_caller", True)
    assert recording is not None
    assert (recording.facts.cut, recording.facts.packets) == (False, 2 * CALL.packets)


def test_a_call_that_only_rang_has_its_reason(tmp_path: Path) -> None:
    data = tmp_path / "var"
    kill_after(data, MadeCall(answered=False, ended=False).frames(), 1)
    take_in(Box.at(data))
    row, recording, _ = outcome(Box.at(data))["made-0"]
    assert (row.end_reason, row.not_recorded, recording) == ("recorder_stopped", "not_answered", None)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_torn_end_costs_no_more_than_what_was_torn(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    box = Box.at(tmp_path_factory.mktemp("torn") / "var")
    kill_after(box.folders.data, CALL.frames(), 6)
    before = {}
    for path in sorted(call_folder(box).iterdir()):
        whole = path.read_bytes()
        keep = data.draw(st.integers(len(whole) // 2, len(whole)))
        path.write_bytes(whole[:keep])
        if path.suffix == ".rtp":
            before[path.stem] = survey(path).packets
    assert len(take_in(box)) == 1
    row, recording, closed = outcome(box)["made-0"]
    assert row.settled
    assert {segment.segment: segment.packets for segment in closed} == {name: count for name, count in before.items() if count}
    assert recording is not None
    assert recording.facts.packets == sum(before.values())
    assert recording.facts.cut


def test_a_stream_without_its_description_leaves_the_rest(cut: Box) -> None:
    one, _ = sorted(call_folder(cut).glob("*.rtp"))
    one.write_bytes(one.read_bytes()[20:])
    assert len(take_in(cut)) == 1
    _, recording, _ = outcome(cut)["made-0"]
    assert recording is not None
    assert recording.facts.one_sided


@pytest.mark.parametrize("known", [True, False], ids=["in the ledger", "with the ledger lost"])
def test_a_call_whose_signalling_cannot_be_read_is_heard_all_the_same(cut: Box, known: bool) -> None:
    """Its streams describe themselves; who called is as the ledger has it, or unknown, and it becomes no other call."""
    folder = call_folder(cut)
    signalling = folder / "signalling"
    signalling.write_bytes(signalling.read_bytes()[20:])
    if not known:
        cut.folders.ledger.unlink()
    assert take_in(cut) == [folder.name]
    ((name, (row, recording, _)),) = outcome(cut).items()
    assert (row.id, row.end_reason, row.end_seen) == (folder.name, "recorder_stopped", False)
    assert recording is not None
    assert recording.facts.cut and not recording.facts.one_sided
    last = max(captured.at for captured in CALL.frames()[: 6 * BLOCK])
    assert row.ended_at == last
    if known:
        assert (name, row.caller != "", row.answered_at is not None) == ("made-0", True, True)
        assert row.duration == pytest.approx(recording.facts.seconds, abs=0.05)
    else:
        assert (name, row.caller, row.direction, row.start_seen) == ("", "", "unknown", False)
    assert take_in(cut) == []


def test_a_folder_without_a_packet_and_without_a_message_is_no_call(cut: Box) -> None:
    """Its recorder died at the first message; its successor sees it again."""
    (cut.folders.spool / "eth1" / ("a" * 16)).mkdir()
    (cut.folders.spool / "eth1" / ("a" * 16) / "signalling").write_bytes(b"torn")
    assert len(take_in(cut)) == 1
    assert set(outcome(cut)) == {"made-0"}
    assert (cut.folders.spool / "eth1" / ("a" * 16)).exists(), "nothing is deleted because of an error"


@pytest.mark.parametrize("left", ["nothing", "a torn message"])
def test_a_call_that_the_ledger_knows_and_the_spool_lost_with_the_power_ends_with_its_reason(cut: Box, left: str) -> None:
    """A row is synced at once, the spool within a second: `make soak` cuts the power in between."""
    folder = cut.folders.spool / "eth1"
    (call,) = [path for path in folder.iterdir() if path.is_dir()]
    shutil.rmtree(call)
    if left != "nothing":
        call.mkdir()
        (call / "signalling").write_bytes(b"torn")
    take_in(cut)
    row, recording, _ = outcome(cut)["made-0"]
    assert (row.end_reason, row.not_recorded, recording) == ("recorder_stopped", "damaged", None)
    assert "the power went" in (row.detail or "")
    take_in(cut)
    assert outcome(cut)["made-0"][0] == row


def test_what_cannot_be_read_does_not_keep_the_others_from_going_on(tmp_path: Path, frames: list[Captured]) -> None:
    data = tmp_path / "var"
    kill_after(data, frames, 6)
    one, other = (path for path in sorted(Box.at(data).folders.spool.glob("eth1/*")) if path.is_dir())
    (one / "signalling").unlink()
    (one / "signalling").mkdir()
    unreadable = next(iter(sorted(other.glob("*.rtp"))))
    unreadable.unlink()
    unreadable.mkdir()
    assert sorted(take_in(Box.at(data))) == sorted([one.name, other.name])
    assert (one / "signalling").exists()


@pytest.mark.parametrize("name", ["lost+found", "tmp", "UPPERCASEAAAAAAA", "short"])
def test_folders_that_are_no_calls_are_passed_over(cut: Box, name: str) -> None:
    (cut.folders.spool / "eth1" / name).mkdir()
    assert len(take_in(cut)) == 1
    assert (cut.folders.spool / "eth1" / name).exists()


def test_the_last_packet_is_found_whatever_stands_behind_it(cut: Box) -> None:
    path = sorted(call_folder(cut).glob("*.rtp"))[0]
    last = recovery.last_packet_at(path)
    assert last == survey(path).last
    with path.open("ab") as file:
        file.write(blocks.description({"a": 1}) + blocks.encode(blocks.PACKETS, bytes(500))[:100] + b"ASp1" * 50_000)
    assert recovery.last_packet_at(path) == last
    path.write_bytes(b"")
    assert recovery.last_packet_at(path) == 0
