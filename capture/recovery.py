"""What a stopped recorder left on the spool, taken over: by its successor, which goes on recording the same calls, or by anybody,
who makes what was captured a recording marked as cut.

The spool alone suffices: the SIP messages of each call are run through the same engine again, with their own timestamps, so that the
same ids and rows come out. Calls that the ledger knows as settled, or has queued, are left alone.
"""

from __future__ import annotations

import logging
from pathlib import Path

from appliance.calls import Call
from appliance.clock import Clock
from appliance.config import Config
from appliance.folders import Folders
from appliance.ids import CallId, SegmentId, call_id
from appliance.jobs import NewJob
from appliance.ledger import Ledger
from appliance.lookup import get_call
from appliance.records import CallEnded, CallRinging, Direction, Side
from capture import blocks, sip
from capture.effects import Emit, Keep
from capture.engine import Engine
from capture.frames import Address
from capture.marks import record_of
from capture.media import STAMP, Stream
from capture.payloads import Encoding
from capture.recorder import RENDER, Recorder
from capture.scribe import Entry, Inline
from capture.spool import Reel, ReelInUseError, abandoned, pauses, signalling

log = logging.getLogger(__name__)


def rebuild(engine: Engine, reel: Reel, ledger: Ledger | None, now: int) -> list[CallId]:
    """Bring the open calls of this reel back into the engine; returns them. They end soon unless something is heard of them."""
    found = []
    listens, engine.pauses.listens = engine.pauses.listens, False
    for call in reel.calls():
        if ledger is not None and is_done(ledger, call):
            continue
        if _rebuild_call(engine, reel.folder / call, now):
            engine.resume(call)
            found.append(call)
        else:
            log.warning("%s: its signalling cannot be read; what audio there is will be rendered", reel.folder / call)
    engine.pauses.listens = listens
    engine.effects = [effect for effect in engine.effects if not isinstance(effect, Keep)]  # they are on the spool already
    return found


def orphans(reel: Reel, ledger: Ledger | None, rebuilt: list[CallId]) -> list[Entry]:
    """Entries that close the calls whose signalling cannot be read: their streams describe themselves, so they can be rendered.

    A folder without a packet is none: its recorder died before the first message was whole, and will see that message again.
    """
    found = []
    for call in reel.calls():
        if call in rebuilt or (ledger is not None and is_done(ledger, call)):
            continue
        if last_at := max(map(_readable_end, (reel.folder / call).glob("*.rtp")), default=0):
            found.append(_orphan(reel, call, last_at, None if ledger is None else get_call(ledger.connection, call)))
    return found


def _orphan(reel: Reel, call: CallId, ended_at: int, known: Call | None) -> Entry:
    ringing = CallRinging(
        at=ended_at, call=call, direction=Direction.UNKNOWN, caller="", caller_raw="", caller_e164=None, caller_name="",
        caller_reason=None, called="", called_raw="", called_e164=None, line=None, start_seen=False, via=reel.name, sip_call_id="",
        headers=(),
    )  # fmt: skip
    ended = CallEnded(
        at=ended_at, call=call, reason="recorder_stopped", sip_status=None, started_at=known.started_at if known else ended_at,
        ringing_at=known.ringing_at if known else None, answered_at=known.answered_at if known else None, end_seen=False,
    )  # fmt: skip
    job = NewJob(kind=RENDER, subject=call, body={"reel": reel.name, "cut": True})
    return Entry(records=[ended] if known else [ringing, ended], jobs=[job], durable=True)


def _readable_end(path: Path) -> int:
    try:
        return last_packet_at(path)
    except OSError:
        return 0


def take_in(folders: Folders, config: Config, ledger: Ledger, clock: Clock, *, idle: float, prefix: str = "") -> list[str]:
    """Close every call of reels that nobody writes any more; returns the calls. They become recordings marked as cut.

    A reel is left alone until nothing was written to it for `idle` seconds: its recorder may just be starting again.
    """
    taken: list[str] = []
    for folder in abandoned(folders.spool):
        if not folder.name.startswith(prefix) or clock.now() / 1e9 - _touched_at(folder) < idle:
            continue
        try:
            reel = Reel(folders.spool, folder.name)
        except ReelInUseError:
            continue
        try:
            engine = Engine(config, via=reel.name)
            pen = Inline(ledger, reel, folders, clock)
            rebuilt = rebuild(engine, reel, ledger, clock.monotonic())
            for entry in orphans(reel, ledger, rebuilt):
                pen.put(entry)
                taken += [job.subject for job in entry.jobs]
            if rebuilt:
                recorder = Recorder(engine, reel, pen, config)
                engine.finish("recorder_stopped", cut=True)
                recorder.perform(clock.monotonic())
                taken += recorder.closed
        finally:
            reel.close()
    return taken


def is_done(ledger: Ledger, call: CallId) -> bool:
    """Whether nothing more is to be captured of this call: it is settled, or closed and queued."""
    settled = "SELECT 1 FROM call WHERE id = ? AND (recording IS NOT NULL OR not_recorded IS NOT NULL)"
    queued = "SELECT 1 FROM job WHERE id = ?"
    return (
        ledger.connection.execute(settled, (call,)).fetchone() is not None
        or ledger.connection.execute(queued, (f"{RENDER}:{call}",)).fetchone() is not None
    )


def _rebuild_call(engine: Engine, folder: Path, now: int) -> bool:
    """Run the call's messages through the engine and take its streams over."""
    call = CallId(folder.name)
    for place, message in enumerate(_messages(folder)):
        if not place and not _begins(call, message):  # its beginning is damaged, and the rest would be another call
            return False
        engine.message(message.raw, message.source, message.destination, message.at, now)
    dialog = engine.tracker.dialogs.get(call)
    if dialog is None:
        return False
    if not dialog.verdict.record:
        return True
    marks = pauses(folder)
    engine.pauses.restore(call, marks)
    engine.effects += [Emit(record_of(call, mark)) for mark in marks]
    for path in sorted(folder.glob("*.rtp")):
        try:
            stream = resumed_stream(path)
            last_at = last_packet_at(path)
        except OSError as error:
            log.warning("%s: cannot be read (%s)", path, error.strerror)
            continue
        if stream is not None:
            engine.media.resume(stream)
            dialog.last_at = max(dialog.last_at, last_at)
    if dialog.ended_at is not None:
        dialog.last_at = dialog.ended_at
    return True


def _messages(folder: Path) -> list[blocks.SipBlock]:
    try:
        return signalling(folder)
    except OSError as error:
        log.warning("%s: its signalling cannot be read (%s)", folder, error.strerror)
        return []


def _begins(call: CallId, first: blocks.SipBlock) -> bool:
    """Whether the call of this id begins with this message."""
    try:
        message = sip.parse(first.raw)
    except sip.SipError:
        return False
    tag = sip.name_address(message.get("from")).parameters.get("tag", "")
    return call_id(message.call_id, tag, first.at) == call


def last_packet_at(path: Path) -> int:
    """When the last packet on the stream's file was captured (ns); 0 where there is none."""
    with path.open("rb") as file:
        block = blocks.last(file, blocks.PACKETS)
    found = place = 0
    while block is not None and place < len(block.body):
        at, length = STAMP.unpack_from(block.body, place)
        found = max(found, at)
        place += STAMP.size + length
    return found


def resumed_stream(path: Path) -> Stream | None:
    """The stream that a spool file describes at its beginning; None where the beginning is damaged."""
    with path.open("rb") as file:
        for block in blocks.read(file):
            if block.kind == blocks.DESCRIPTION:
                facts = blocks.read_description(block.body)
                return Stream(
                    call=CallId(facts["call"]),
                    segment=SegmentId(facts["segment"]),
                    speaker=Side(facts["speaker"]),
                    source=_address(facts["source"]),
                    destination=_address(facts["destination"]),
                    ssrc=facts["ssrc"],
                    encodings={int(number): Encoding(*encoding) for number, encoding in facts["encodings"].items()},
                    described=True,
                    resumed=True,
                )
    return None


def _address(pair: tuple[str, int]) -> Address:
    return Address(bytes.fromhex(pair[0]), pair[1])


def _touched_at(folder: Path) -> float:
    """When anything below the folder was last written (seconds since the epoch)."""
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.name != "lock"), default=0.0)
