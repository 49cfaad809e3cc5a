"""Performs the engine's effects: signalling and packets to the spool, facts to the scribe. The tap and the replay share it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from appliance.config import Config
from appliance.ids import CallId
from appliance.jobs import NewJob
from appliance.records import CallNotRecorded, CallRinging, NotRecorded, Record, SegmentClosed, WeirdSeen
from capture import blocks
from capture.dark import DTLS_SRTP
from capture.effects import Close, Effect, Emit, Hush, Settle, Weird
from capture.engine import Engine, kept
from capture.marks import Mark, record_of
from capture.media import Stream
from capture.scribe import Entry
from capture.spool import Reel, SpoolError, pauses
from capture.walk import STAMP

RENDER = "render"
MAX_WEIRDS = 500
AT_ONCE = 64
"""Runs: few enough to be still in the processor's cache when they are written."""


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
        self._silenced: set[CallId] = set()
        """Calls with a pause whose talk is not over."""
        self._unasked: set[CallId] = set()
        """Those of them that waited to the end for somebody to ask for them (`demand.py`)."""
        self._asked: set[CallId] = set()
        """Those of them that did not wait any more."""
        self._weirds: dict[str, tuple[int, bytes]] = {}
        self._heard: set[str] = set()
        """Calls that are closed with audio, while their talk goes on."""

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
            first = not hushes and all(isinstance(record, CallRinging) for record in records)
            self._pen.put(Entry(records=records, durable=bool(hushes), first=first, synced=synced))

    def flush(self, now: int) -> None:
        """Put every gathered packet on the spool. Raises SpoolError; what was not written is kept for the next time."""
        while True:
            self._write()
            if not self.engine.buffered:
                return
            self._unwritten = self.engine.take_streams(now, AT_ONCE)

    def _write(self) -> None:
        written = 0
        try:
            for stream, packets in self._unwritten:
                self._reel.packets(stream, packets)
                written += 1
        finally:
            del self._unwritten[:written]

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
        if self.engine.pauses.waits(close.call):
            self._unasked.add(close.call)
        elif self.engine.pauses.was_let_go_on(close.call):
            self._asked.add(close.call)
        streams = [stream for stream in self.engine.close(close.call) if stream.packets or stream.resumed]
        self._reel.close_call(close.call)
        with contextlib.suppress(SpoolError, OSError):
            for stream in streams:
                if stream.resumed:
                    recount(stream, self._reel, pauses(self._reel.folder / close.call))
        records: list[Record] = [close.ended, *(segment_closed(stream, self._reel) for stream in streams)]
        jobs: list[NewJob] = []
        if streams and close.recordable:
            self._heard.add(close.call)
        if silenced:
            self._silenced.add(close.call)
        if close.tied is not None:
            tied = NotRecorded.TIED.value
            records.append(CallNotRecorded(at=close.ended.at, call=close.call, reason=tied, detail=f"call {close.tied}"))
        if close.settles is not None:
            outcome = self._outcome(close.settles)
            if isinstance(outcome, NewJob):
                jobs.append(outcome)
            else:
                records.append(outcome)
        self._pen.put(Entry(records=records, jobs=jobs, durable=True))
        self.closed.append(close.call)

    def _outcome(self, talk: Settle) -> NewJob | CallNotRecorded:
        """The whole talk is over: one recording for all its legs, or the reason why there is none."""
        calls = {talk.call, *(leg.call for leg in talk.legs)}
        heard, silenced = calls & self._heard, calls & self._silenced
        unasked = bool(calls & self._unasked) and not calls & self._asked
        self._heard -= calls
        self._silenced -= calls
        self._unasked -= calls
        self._asked -= calls
        unanswered = not talk.answered and self._config.capture.early_media == "drop"
        if unasked and talk.allowed and talk.answered:
            return CallNotRecorded(at=talk.at, call=talk.call, reason=NotRecorded.NOT_ASKED.value, detail="")
        if not heard or not talk.allowed or unanswered or unasked:
            reason = NotRecorded.NOT_ANSWERED if heard and unanswered and talk.allowed else talk.reason
            if silenced and not heard and talk.reason is NotRecorded.NO_MEDIA:
                return CallNotRecorded(
                    at=talk.at, call=talk.call, reason=NotRecorded.PAUSED.value, detail="no audio was seen but in the pause"
                )
            return CallNotRecorded(at=talk.at, call=talk.call, reason=reason.value, detail=talk.detail)
        body: dict[str, object] = {"reel": self._reel.name, "cut": talk.cut}
        if talk.detail == DTLS_SRTP:
            body["why"] = DTLS_SRTP
        if talk.legs:
            main = {"call": talk.call, "announced": talk.announced, "heard": talk.call in heard}
            legs = [{**leg._asdict(), "heard": leg.call in heard} for leg in talk.legs]
            body |= {"main": main, "legs": legs}
        return NewJob(kind=RENDER, subject=talk.call, body=body)


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
            fresh.tally(block)
    for name in ("first", "last", "packets", "passed", "highest", "lowest", "late", "types", "types_above"):
        setattr(stream, name, getattr(fresh, name))


def _packet_blocks(found: Iterable[blocks.Block]) -> Iterable[bytes]:
    return (block.body for block in found if block.kind == blocks.PACKETS)
