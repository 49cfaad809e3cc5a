"""Performs the engine's effects: signalling and packets to the spool, facts to the scribe. The tap and the replay share it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from appliance.config import Config
from appliance.jobs import NewJob
from appliance.records import CallNotRecorded, NotRecorded, Record, SegmentClosed, WeirdSeen
from capture import blocks
from capture.effects import Close, Effect, Emit, Hush, Weird
from capture.engine import Engine, kept
from capture.marks import Mark, record_of
from capture.media import STAMP, Stream
from capture.scribe import Entry
from capture.spool import Reel, SpoolError, pauses

RENDER = "render"
MAX_WEIRDS = 500


class Pen(Protocol):
    """Whoever writes entries to the ledger."""

    def put(self, entry: Entry) -> None:
        """Write this entry, now or soon."""


class Recorder:
    """One engine, its reel and its scribe."""

    def __init__(self, engine: Engine, reel: Reel, pen: Pen, config: Config) -> None:
        self.engine = engine
        self.closed: list[str] = []
        """Calls that were closed so far, in order."""
        self.waiting: dict[int, Callable[[Mark], None]] = {}
        """By ticket: called from the pen's thread once the mark of a pause is durable."""
        self._reel = reel
        self._pen = pen
        self._config = config
        self._unwritten: list[tuple[Stream, bytes]] = []
        self._closing: list[Close] = []
        self._weirds: dict[str, tuple[int, bytes]] = {}

    @property
    def safe(self) -> bool:
        """Whether everything that the engine was fed is on the spool."""
        return not self._unwritten and not self._closing and not self.engine.buffered and not self.engine.effects

    def perform(self, now: int) -> None:
        """Carry out what the engine asks for. Raises SpoolError; what was not written is kept for the next time."""
        effects = self.engine.effects
        if not effects and not self._closing:
            return
        self._reel.keep(kept(effects))
        self.engine.take_effects()
        self._tell(effects)
        for effect in effects:
            if isinstance(effect, Close):
                self._closing.append(effect)
            elif isinstance(effect, Weird):
                self._count(effect)
        if self._closing:
            self.flush(now)
            while self._closing:
                self._close(self._closing.pop(0))

    def _tell(self, effects: list[Effect]) -> None:
        """Facts in their order. Whoever waits for a pause hears of it once its mark is durable."""
        records: list[Record] = []
        hushes = [effect for effect in effects if isinstance(effect, Hush)]
        for effect in effects:
            if isinstance(effect, Emit):
                records.append(effect.record)
            elif isinstance(effect, Hush):
                records.append(record_of(effect.call, effect.mark))
        waiting = [(hush, answer) for hush in hushes if (answer := self.waiting.pop(hush.ticket, None)) is not None]
        if records:
            synced: list[Callable[[], None]] = [partial(answer, hush.mark) for hush, answer in waiting]
            self._pen.put(Entry(records=records, durable=bool(hushes), synced=synced))

    def flush(self, now: int) -> None:
        """Put every gathered packet on the spool. Raises SpoolError; what was not written is kept for the next time."""
        waiting = self._unwritten + self.engine.take_streams(now)
        self._unwritten = waiting
        while waiting:
            stream, packets = waiting[0]
            self._reel.packets(stream, packets)
            del waiting[0]

    def report_weirds(self, at: int) -> None:
        """Write what was surprising since the last time."""
        weirds, self._weirds = self._weirds, {}
        records = [
            WeirdSeen(at=at, name=name, via=self._reel.name, count=count, sample=sample.hex())
            for name, (count, sample) in sorted(weirds.items())
        ]
        if records:
            self._pen.put(Entry(records=list(records)))

    def _count(self, weird: Weird) -> None:
        if weird.name in self._weirds or len(self._weirds) < MAX_WEIRDS:
            count, sample = self._weirds.get(weird.name, (0, weird.sample))
            self._weirds[weird.name] = (count + 1, sample)

    def _close(self, close: Close) -> None:
        silenced = close.call in self.engine.pauses
        streams = [stream for stream in self.engine.close(close.call) if stream.packets or stream.resumed]
        self._reel.close_call(close.call)
        with contextlib.suppress(SpoolError, OSError):
            for stream in streams:
                if stream.resumed:
                    recount(stream, self._reel, pauses(self._reel.folder / close.call))
        records: list[Record] = [close.ended, *(segment_closed(stream, self._reel) for stream in streams)]
        jobs: list[NewJob] = []
        unanswered = close.ended.answered_at is None and self._config.capture.early_media == "drop"
        if streams and close.recordable and not unanswered:
            jobs.append(NewJob(kind=RENDER, subject=close.call, body={"reel": self._reel.name, "cut": close.cut}))
        else:
            reason, detail = NotRecorded.NOT_ANSWERED if streams and unanswered else close.reason, close.detail
            if silenced and not streams and close.reason is NotRecorded.NO_MEDIA:
                reason, detail = NotRecorded.PAUSED, "no audio was seen but in the pause"
            records.append(CallNotRecorded(at=close.ended.at, call=close.call, reason=reason.value, detail=detail))
        self._pen.put(Entry(records=records, jobs=jobs, durable=True))
        self.closed.append(close.call)


def segment_closed(stream: Stream, reel: Reel) -> SegmentClosed:
    """The record of a stream that is complete."""
    return SegmentClosed(
        at=stream.last, call=stream.call, segment=stream.segment, side=stream.speaker.value, source=str(stream.source),
        destination=str(stream.destination), ssrc=stream.ssrc, codecs=stream.codecs, first=stream.first, last=stream.last,
        packets=stream.packets, lost=stream.lost, late=stream.late, file=str(reel.path(stream).relative_to(reel.folder.parent)),
    )  # fmt: skip


def recount(stream: Stream, reel: Reel, marks: Sequence[Mark] = ()) -> None:
    """Count a stream again from its file: a part of it was written by a recorder that was stopped."""
    fresh = Stream(
        call=stream.call, segment=stream.segment, speaker=stream.speaker, source=stream.source, destination=stream.destination,
        ssrc=stream.ssrc, encodings=stream.encodings,
    )  # fmt: skip
    with reel.path(stream).open("rb") as file:
        for block in _packet_blocks(blocks.read(file)):
            first = STAMP.unpack_from(block)[0]
            fresh.gap = any(mark.paused and fresh.last < mark.at <= first for mark in marks)
            fresh.count(block)
    for name in ("first", "last", "packets", "passed", "highest", "lowest", "late", "payload_types"):
        setattr(stream, name, getattr(fresh, name))


def _packet_blocks(found: Iterable[blocks.Block]) -> Iterable[bytes]:
    return (block.body for block in found if block.kind == blocks.PACKETS)
