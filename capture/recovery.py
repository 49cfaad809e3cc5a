"""What a stopped recorder left on the spool, taken over: by its successor, which goes on recording the same calls, or by anybody,
who makes what was captured a recording marked as cut.

The spool alone suffices: the SIP messages of each call are run through the same engine again, with their own timestamps, so that the
same ids and rows come out. Calls that the ledger knows as settled, or has queued, are left alone.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from pathlib import Path

from appliance.calls import Call
from appliance.clock import Clock
from appliance.config import Config
from appliance.folders import Folders
from appliance.ids import CallId, SegmentId, call_id
from appliance.jobs import NewJob
from appliance.ledger import Ledger
from appliance.lookup import get_call
from appliance.records import CallEnded, CallNotRecorded, CallRinging, Direction, LegTied, NotRecorded, Side
from capture import alone, blocks, legs, sccp, sip
from capture.effects import Emit, Keep
from capture.engine import Engine
from capture.frames import Address
from capture.marks import record_of
from capture.media import Stream
from capture.payloads import Encoding
from capture.recorder import RENDER, Recorder
from capture.scribe import Entry, Inline
from capture.spool import NOTE, Reel, ReelInUseError, abandoned, pauses, signalling
from capture.walk import STAMP

_NOTES = (alone.PLAIN + b"\n", alone.SECRET + b"\n")

log = logging.getLogger(__name__)


def rebuild(engine: Engine, reel: Reel, ledger: Ledger | None, now: int) -> list[CallId]:
    """Bring the open calls of this reel back into the engine; returns them. They end soon unless something is heard of them."""
    listens, engine.pauses.listens, engine.heeds = engine.pauses.listens, False, False
    calls = [call for call in reel.calls() if ledger is None or not is_done(ledger, call)]
    engine.tracker.ties.told = {} if ledger is None else {call: tied for call in calls for tied in _told(ledger, call)}
    for message in _in_order(reel, calls):
        take = engine.note if message.raw.startswith(_NOTES) else engine.message
        take(message.raw, message.source, message.destination, message.at, now)
    engine.tracker.ties.told = {}
    found = []
    for call in calls:
        if _rebuild_call(engine, reel.folder / call):
            engine.resume(call)
            found.append(call)
        else:
            log.warning("%s: its signalling cannot be read; what audio there is will be rendered", reel.folder / call)
    engine.pauses.listens, engine.heeds = listens, True
    engine.effects = [effect for effect in engine.effects if not isinstance(effect, Keep)]  # they are on the spool already
    return found


def _told(ledger: Ledger, call: CallId) -> list[LegTied | None]:
    """What was decided of the call when it began: its tie, None where it is a talk of its own; nothing where no row tells of it."""
    records = [row.record for row in ledger.of(call)]
    ties = [record for record in records if isinstance(record, LegTied)]
    if ties:
        return [ties[-1]]
    return [None] if any(isinstance(record, CallRinging) for record in records) else []


def _in_order(reel: Reel, calls: list[CallId]) -> Iterator[blocks.SipBlock]:
    """The messages of these calls as they were seen: what ties calls to one another depends on the order. Those that cannot be
    read are left out, and so are calls without their first message: the rest would be another call."""
    read = ((call, _messages(reel.folder / call)) for call in calls)
    streams = [messages for call, messages in read if messages and _begins(call, messages[0])]
    yield from heapq.merge(*streams, key=lambda message: message.at)


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


def ghosts(reel: Reel, ledger: Ledger | None, rebuilt: list[CallId]) -> list[Entry]:
    """Entries that end calls of which the ledger tells and the spool does not: the power went before their first second was synced."""
    if ledger is None:
        return []
    rows = ledger.connection.execute(
        "SELECT id FROM call WHERE via = ? AND recording IS NULL AND not_recorded IS NULL", (reel.name,)
    ).fetchall()
    gone = [CallId(row[0]) for row in rows if row[0] not in rebuilt and not is_done(ledger, CallId(row[0]))]
    return [
        _ghost(known)
        for call in gone
        if not any(map(_readable_end, (reel.folder / call).glob("*.rtp"))) and (known := get_call(ledger.connection, call))
    ]


def _ghost(known: Call) -> Entry:
    at = known.answered_at or known.ringing_at or known.started_at
    ended = CallEnded(
        at=at, call=known.id, reason="recorder_stopped", sip_status=None, started_at=known.started_at, ringing_at=known.ringing_at,
        answered_at=known.answered_at, end_seen=False,
    )  # fmt: skip
    reason = NotRecorded.DAMAGED if known.answered_at else NotRecorded.NOT_ANSWERED
    why = CallNotRecorded(at=at, call=known.id, reason=reason, detail="the power went before its first second was on the disk")
    return Entry(records=[why] if known.ended_at is not None else [ended, why], durable=True)


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
            for entry in (*orphans(reel, ledger, rebuilt), *ghosts(reel, ledger, rebuilt)):
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
    """Whether nothing more is to be captured of this call: it is settled, or closed and queued. A leg is done with its talk."""
    known = get_call(ledger.connection, call)
    return _is_done(ledger, call) and (known is None or known.main is None or _is_done(ledger, known.main))


def _is_done(ledger: Ledger, call: str) -> bool:
    settled = "SELECT 1 FROM call WHERE id = ? AND (recording IS NOT NULL OR not_recorded IS NOT NULL)"
    queued = "SELECT 1 FROM job WHERE id = ?"
    return (
        ledger.connection.execute(settled, (call,)).fetchone() is not None
        or ledger.connection.execute(queued, (f"{RENDER}:{call}",)).fetchone() is not None
    )


def _rebuild_call(engine: Engine, folder: Path) -> bool:
    """Take over the streams of a call whose messages went through the engine."""
    call = CallId(folder.name)
    dialog = engine.dialog(call)
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
    if first.raw.startswith(_NOTES):
        return alone.id_of(first.raw, first.source, first.destination, first.at) == call
    try:
        if sccp.is_whole(first.raw):
            return legs.id_of(legs.key_of(sccp.parse(first.raw), first.source, first.destination), first.at) == call
        message = sip.parse(first.raw)
    except (sip.SipError, sccp.SccpError):
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
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.name not in ("lock", NOTE)), default=0.0)
