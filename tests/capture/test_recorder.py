"""The recorder puts signalling and packets on the spool before it tells a fact, keeps what the spool did not take, and counts surprises."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import Config
from appliance.moments import SECOND
from appliance.records import CallAnswered, CallEnded, CallNotRecorded, CallRinging, Record, SegmentClosed, WeirdSeen
from capture import blocks
from capture.dialog import LINGER
from capture.effects import Weird
from capture.engine import Engine
from capture.pcapfile import Captured
from capture.recorder import MAX_WEIRDS, Recorder
from capture.scribe import Entry
from capture.spool import SpoolError
from capture.voice import survey
from tests.bed.made import MadeCall, together
from tests.fakes.clock import START
from tests.fakes.spool import StubbornReel

CALL = MadeCall(talk=0.4)


class Pen:
    """Keeps what it is told to write."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def put(self, entry: Entry) -> None:
        """Keep it."""
        self.entries.append(entry)

    @property
    def records(self) -> list[Record]:
        """Every record, in order."""
        return [record for entry in self.entries for record in entry.records]

    @property
    def jobs(self) -> list[tuple[str, str, object]]:
        """Every job that was queued."""
        return [(job.kind, job.subject, job.body) for entry in self.entries for job in entry.jobs]


class Desk:
    """A recorder with all that belongs to it, driven as the replay does."""

    def __init__(self, folder: Path, failing: set[int] | None = None, config: Config | None = None) -> None:
        self.reel = StubbornReel(folder / "spool", "eth1", failing)
        self.pen = Pen()
        self.config = config or Config()
        self.engine = Engine(self.config, via="eth1")
        self.recorder = Recorder(self.engine, self.reel, self.pen, self.config)
        self.now = 0
        self.failures = 0

    def take(self, frames: list[Captured], flush_every: int = 7) -> None:
        """Record these frames; what fails is tried again with the next frame."""
        for number, captured in enumerate(frames):
            self.now = max(self.now, captured.at)
            self.engine.frame(captured.link, captured.frame, captured.at, self.now)
            self.work(flush=number % flush_every == 0)

    def work(self, *, flush: bool = True) -> None:
        """Perform and flush."""
        try:
            self.recorder.perform(self.now)
            if flush:
                self.recorder.flush(self.now)
        except SpoolError:
            self.failures += 1

    def finish(self) -> None:
        """The last packets have come: every call is closed."""
        for _ in range(10):
            self.work()
        self.now += LINGER
        self.engine.tick(self.now)
        for _ in range(10):
            self.work()
        assert self.safe()
        self.reel.close()

    def safe(self) -> bool:
        """Whether the recorder says that all is on the spool."""
        return self.recorder.safe

    def packets(self, call: str) -> list[int]:
        """How many packets each stream of the call has on the spool."""
        return [survey(path).packets for path in sorted((self.reel.folder / call).glob("*.rtp"))]

    def messages(self, call: str) -> list[bytes]:
        """The first lines of the call's messages on the spool."""
        with (self.reel.folder / call / "signalling").open("rb") as file:
            found = [blocks.read_sip(block.body).raw for block in blocks.read(file) if block.kind == blocks.SIP]
        return [raw.splitlines()[0] for raw in found]


def kinds(records: list[Record]) -> list[type[Record]]:
    return [type(record) for record in records]


def test_a_call_is_told_in_order_and_queued_with_its_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(CALL.frames())
    desk.finish()
    assert kinds(desk.pen.records) == [CallRinging, CallAnswered, CallEnded, CallEnded, SegmentClosed, SegmentClosed]
    (call,) = desk.recorder.closed
    assert desk.pen.jobs == [("render", call, {"reel": "eth1", "cut": False})]
    last = desk.pen.entries[-1]
    assert last.durable
    assert last.jobs
    assert kinds(last.records) == [CallEnded, SegmentClosed, SegmentClosed]


def test_everything_that_was_heard_is_on_the_spool(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(CALL.frames())
    desk.finish()
    (call,) = desk.recorder.closed
    assert desk.packets(call) == [CALL.packets] * 2
    assert [line.split()[0] for line in desk.messages(call)] == [b"INVITE", b"SIP/2.0", b"SIP/2.0", b"ACK", b"BYE", b"SIP/2.0"]


def test_a_closed_stream_is_described_by_what_was_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    frames = CALL.frames()
    lost = next(captured for captured in frames[20:] if len(captured.frame) == 14 + 28 + 12 + 160)
    desk.take([captured for captured in frames if captured is not lost])
    desk.finish()
    closed = sorted((record for record in desk.pen.records if isinstance(record, SegmentClosed)), key=lambda record: record.side)
    assert [(record.side, record.ssrc, record.codecs) for record in closed] == [
        ("called", CALL.ssrc(1), ("PCMU",)),
        ("caller", CALL.ssrc(0), ("PCMU",)),
    ]
    assert sorted(record.packets for record in closed) == [CALL.packets - 1, CALL.packets]
    assert sorted(record.lost for record in closed) == [0, 1]
    assert {(record.source, record.destination) for record in closed} == {
        ("10.0.0.1:20000", "10.0.0.2:20002"),
        ("10.0.0.2:20002", "10.0.0.1:20000"),
    }
    assert all((desk.reel.folder.parent / record.file).exists() for record in closed)
    assert all(START < record.first < record.last == record.at for record in closed)


def test_calls_at_once_are_kept_apart_and_closed_in_the_order_they_ended(tmp_path: Path) -> None:
    calls = [MadeCall(number=number, begin=START + number * SECOND // 10, talk=0.8 - 0.3 * number) for number in range(3)]
    desk = Desk(tmp_path)
    desk.take(together(*calls))
    desk.finish()
    ringing = {record.sip_call_id: record.call for record in desk.pen.records if isinstance(record, CallRinging)}
    assert [desk.packets(ringing[f"made-{number}"]) for number in range(3)] == [[call.packets] * 2 for call in calls]
    assert set(desk.recorder.closed) == set(ringing.values())
    assert len(desk.pen.jobs) == 3


def test_an_unanswered_call_has_its_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(MadeCall(answered=False).frames())
    desk.finish()
    (reason,) = (record for record in desk.pen.records if isinstance(record, CallNotRecorded))
    assert (reason.reason, reason.detail) == ("not_answered", "busy")
    assert desk.pen.jobs == []


@pytest.mark.parametrize(("early", "queued"), [("keep", 1), ("drop", 0)])
def test_announcements_before_an_answer_are_kept_or_not_as_configured(tmp_path: Path, early: str, queued: int) -> None:
    config = Config.model_validate({"capture": {"early_media": early}})
    desk = Desk(tmp_path, config=config)
    without_answer = [
        captured for captured in CALL.frames() if b"SIP/2.0 200" not in captured.frame and b"ACK sip" not in captured.frame
    ]
    early_media = [
        captured._replace(frame=captured.frame.replace(b"BYE", b"BYX")) if b"BYE" in captured.frame else captured
        for captured in without_answer
    ]
    desk.take(early_media)
    desk.engine.finish()
    desk.finish()
    assert len(desk.pen.jobs) == queued
    reasons = [record.reason for record in desk.pen.records if isinstance(record, CallNotRecorded)]
    assert reasons == ["not_answered"] * (1 - queued)


def test_no_audio_of_an_excluded_line_touches_the_disk(tmp_path: Path) -> None:
    config = Config.model_validate({"lines": [{"number": CALL.called, "record": False}]})
    desk = Desk(tmp_path, config=config)
    desk.take(CALL.frames())
    desk.finish()
    (reason,) = (record for record in desk.pen.records if isinstance(record, CallNotRecorded))
    assert reason.reason == "excluded_line"
    assert desk.pen.jobs == []
    assert not list(tmp_path.rglob("*.rtp"))
    spool = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert CALL.frames()[20].frame[54:] not in spool


def test_a_spool_that_refuses_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    calm = Desk(tmp_path / "calm")
    calm.take(CALL.frames())
    calm.finish()
    (call,) = calm.recorder.closed
    for number in range(calm.reel.writes):
        desk = Desk(tmp_path / str(number), failing={number, number + 1, number + 5})
        desk.take(CALL.frames())
        desk.finish()
        assert desk.failures >= 1
        assert desk.pen.records == calm.pen.records
        assert desk.pen.jobs == calm.pen.jobs
        assert desk.packets(call) == calm.packets(call)
        assert set(desk.messages(call)) == set(calm.messages(call))


def test_no_fact_is_told_before_its_message_is_on_the_spool(tmp_path: Path) -> None:
    desk = Desk(tmp_path, failing={0})
    desk.take(CALL.frames()[:1])
    assert desk.failures == 1
    assert desk.pen.entries == []
    assert not desk.safe()
    desk.work()
    assert kinds(desk.pen.records) == [CallRinging]
    assert desk.safe()


def test_a_close_that_the_spool_interrupts_is_closed_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(CALL.frames(), flush_every=10_000)
    desk.now += LINGER
    desk.engine.tick(desk.now)
    desk.reel.failing = {desk.reel.writes}
    desk.work()
    assert desk.failures == 1
    assert desk.recorder.closed == []
    assert desk.pen.jobs == []
    assert not desk.safe()
    desk.work()
    (call,) = desk.recorder.closed
    assert len(desk.pen.jobs) == 1
    assert desk.packets(call) == [CALL.packets] * 2
    assert desk.safe()
    desk.reel.close()


def test_only_what_is_on_the_spool_is_safe(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    frames = CALL.frames()
    assert desk.safe()
    for captured in frames[:10]:
        desk.engine.frame(captured.link, captured.frame, captured.at, captured.at)
        assert not desk.safe()
    desk.recorder.perform(desk.now)
    assert not desk.safe()
    desk.recorder.flush(desk.now)
    assert desk.safe()
    desk.reel.close()


def test_surprises_are_counted_and_told_once_with_the_first_sample(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.engine.effects += [Weird("b", b"first"), Weird("a", b"only"), Weird("b", b"second"), Weird("b", b"third")]
    desk.work()
    assert desk.pen.entries == []
    desk.recorder.report_weirds(START)
    desk.recorder.report_weirds(START + 1)
    assert desk.pen.records == [
        WeirdSeen(at=START, name="a", via="eth1", count=1, sample=b"only".hex()),
        WeirdSeen(at=START, name="b", via="eth1", count=3, sample=b"first".hex()),
    ]
    desk.engine.effects.append(Weird("b", b"again"))
    desk.work()
    desk.recorder.report_weirds(START + 2)
    assert desk.pen.records[-1] == WeirdSeen(at=START + 2, name="b", via="eth1", count=1, sample=b"again".hex())
    desk.reel.close()


def test_surprises_without_end_are_bounded(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.engine.effects += [Weird(f"w{number}", b"") for number in range(3 * MAX_WEIRDS)] + [Weird("w0", b"")]
    desk.work()
    desk.recorder.report_weirds(START)
    assert len(desk.pen.records) == MAX_WEIRDS
    assert sum(record.count for record in desk.pen.records if isinstance(record, WeirdSeen)) == MAX_WEIRDS + 1
    desk.reel.close()


def test_hostile_frames_become_surprises_and_stop_nothing(tmp_path: Path) -> None:
    hostile = [b"", b"\x00", bytes(13), bytes(12) + b"\x08\x00", bytes(12) + b"\x08\x00\x4f" + bytes(40), b"\xff" * 1500]
    sip = CALL.frames()[0].frame.replace(b"SIP/2.0\r\nVia", b"SIP/9.9\r\nVia")
    desk = Desk(tmp_path)
    desk.take([Captured(1, frame, START - 100) for frame in [*hostile, sip]])
    desk.take(CALL.frames())
    desk.finish()
    desk.recorder.report_weirds(START)
    assert any(isinstance(record, WeirdSeen) for record in desk.pen.records)
    (call,) = desk.recorder.closed
    assert desk.packets(call) == [CALL.packets] * 2
