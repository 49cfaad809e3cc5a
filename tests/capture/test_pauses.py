"""While a call is paused nothing of it reaches the spool, to the packet; who, how and why are kept, and it goes on by itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from appliance import keys as own_keys
from appliance import manifest
from appliance.box import Box
from appliance.config import Capture, Config
from appliance.ids import CallId
from appliance.ledger import Ledger
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.records import CallNotRecorded, RecordingPaused, RecordingReady, RecordingResumed, SegmentClosed, Side
from appliance.sealed import open_sealed
from capture import recovery
from capture.effects import Keep
from capture.engine import Engine
from capture.marks import FOREVER
from capture.opening import open_recording
from capture.pauses import MAX_MARKS, PauseRefusedError, Pauses
from capture.scribe import Inline
from capture.spool import Reel, pauses
from capture.worker import Worker
from tests.bed.made import MadeCall
from tests.capture.playbook import ANSWER, BACK, CALL, OFFER, START, frame, office, rtp, sdp
from tests.capture.rig import DESK, HANG_UP, PHONE, Rig, carried, opened, talk
from tests.capture.test_recorder import Desk
from tests.fakes.clock import FakeClock

A_CALL = CallId("a" * 16)
WHO: dict[str, Any] = {"who": "admin", "why": "card number"}
DIGITS = {"pause_digits": "*7", "resume_digits": "*8"}
EVENTS = 101


def call_of(engine: Engine) -> CallId:
    (call,) = engine.tracker.dialogs
    return call


def event(key: str, number: int, *, stamp: int, end: bool = False) -> bytes:
    """A telephone event of the desk, the called side."""
    body = struct.pack(">BBH", "0123456789*#ABCD".index(key), 0x8A if end else 10, 160)
    return frame(DESK, PHONE, rtp(number, ssrc=2, payload_type=EVENTS, timestamp=stamp, payload=body))


def press(keys: str, number: int) -> list[bytes]:
    """Each key four times, as telephones send it."""
    return [
        event(key, number + 4 * place + again, stamp=(number + 4 * place) * 160, end=again > 1)
        for place, key in enumerate(keys)
        for again in range(4)
    ]


def info(key: str, sequence: int) -> bytes:
    return carried(
        CALL.request("INFO", f"Signal={key}\r\n", by=BACK, sequence=sequence, content="application/dtmf-relay"), by=Side.CALLED
    )


def with_events() -> list[bytes]:
    """An answered call in which telephone events were agreed on."""
    line = "a=rtpmap:101 telephone-event/8000\r\n"
    return [
        carried(CALL.invite(OFFER + line)),
        carried(CALL.response(200, ANSWER + line), by=Side.CALLED),
        carried(CALL.request("ACK")),
    ]


# The command


def test_packets_are_judged_by_their_own_time() -> None:
    rig = Rig().feed(*opened(), *talk(5))
    begin = rig.at
    rig.engine.command(call_of(rig.engine), begin + 1, pause=True, **WHO)
    rig.feed(*talk(4))
    rig.engine.command(call_of(rig.engine), rig.at + 1, pause=False, **WHO)
    rig.feed(*talk(2))
    assert [len(rig.packets(side)) for side in Side] == [7, 7], "what came before the command is kept though it was not yet taken"
    assert [word for word in rig.words if word in ("pause", "resume")] == ["pause", "resume"]


def test_a_pause_is_told_once_and_refused_with_a_sentence() -> None:
    told = Pauses(Capture())
    told.command(A_CALL, START, pause=True, how="api", **WHO)
    with pytest.raises(PauseRefusedError, match=f"call {A_CALL}: is paused already"):
        told.command(A_CALL, START + 1, pause=True, how="api", **WHO)
    told.command(A_CALL, START + 2, pause=False, how="api", **WHO)
    with pytest.raises(PauseRefusedError, match="is not paused"):
        told.command(A_CALL, START + 3, pause=False, how="api", **WHO)


@pytest.mark.parametrize(("state", "says"), [("unknown", "is not under way"), ("over", "is over"), ("excluded", "is not recorded")])
def test_a_call_that_is_not_recorded_cannot_be_paused(state: str, says: str) -> None:
    rig = Rig(office(rules=[{"name": "x", "action": "never"}] if state == "excluded" else []))
    rig.feed(*opened(), *(HANG_UP if state == "over" else []))
    call = A_CALL if state == "unknown" else call_of(rig.engine)
    with pytest.raises(PauseRefusedError, match=says):
        rig.engine.command(call, rig.at, pause=True, **WHO)


def test_a_forgotten_pause_ends_by_itself_and_is_told_once() -> None:
    rig = Rig(office(capture={"pause_minutes": 1})).feed(*opened(), *talk(2))
    rig.engine.command(call_of(rig.engine), rig.at, pause=True, **WHO)
    rig.take().at += 60 * SECOND
    rig.feed(*talk(3))
    assert len(rig.packets(Side.CALLER)) == 2 + 3, "the packets' own time counts, not that of the tick"
    for _ in range(3):
        rig.engine.expire(rig.at)
    assert rig.words.count("resume") == 1


def test_without_a_limit_a_pause_lasts() -> None:
    told = Pauses(Capture(pause_minutes=0))
    assert told.command(A_CALL, START, pause=True, how="api", **WHO).until == FOREVER
    assert told.due(START + 10**18) == []


def test_the_history_of_a_call_has_a_bound() -> None:
    told = Pauses(Capture())
    for number in range(MAX_MARKS):
        told.command(A_CALL, START + number, pause=number % 2 == 0, how="api", **WHO)
    with pytest.raises(PauseRefusedError, match="stays as it is"):
        told.command(A_CALL, START + MAX_MARKS, pause=True, how="api", **WHO)


# Keys


@pytest.mark.parametrize("way", ["rtp", "info"])
def test_keys_of_the_sites_side_pause_and_resume_and_those_between_are_kept_nowhere(way: str) -> None:
    rig = Rig(office(capture=DIGITS)).feed(*with_events(), *talk(3))

    def pressed(keys: str, number: int) -> list[bytes]:
        return press(keys, number) if way == "rtp" else [info(key, number + place) for place, key in enumerate(keys)]

    rig.feed(*pressed("*7", 100)).take().feed(*talk(5)).take().feed(*pressed("4929", 200)).take().feed(*pressed("*8", 300))
    rig.take().feed(*talk(4))
    assert len(rig.packets(Side.CALLER)) == 3 + 4
    assert [word for word in rig.words if word in ("pause", "resume")] == ["pause", "resume"]
    kept = [packet for packet in rig.packets(Side.CALLED) if packet[1] & 127 == EVENTS]
    assert {packet[12] for packet in kept} <= {10}, "only the * before the pause"
    messages = b"".join(effect.raw for effect in rig.effects if isinstance(effect, Keep))
    assert [key for key in "49278" if f"Signal={key}".encode() in messages] == []


def test_the_other_side_and_half_a_sequence_pause_nothing() -> None:
    rig = Rig(office(capture=DIGITS)).feed(*with_events())
    caller = [data[:26] + data[30:34] + data[26:30] + data[36:38] + data[34:36] + data[38:] for data in press("*7", 10)]
    rig.feed(*caller).take().feed(*press("7", 50), *press("*", 70)).take().at += 6 * SECOND
    rig.feed(*press("7", 90)).take()
    assert "pause" not in rig.words


def test_a_key_told_by_two_ways_is_one() -> None:
    rig = Rig(office(capture={"pause_digits": "**"})).feed(*with_events(), *press("*", 10)).take().feed(info("*", 5)).take()
    assert "pause" not in rig.words
    rig.feed(*press("*", 30)).take()
    assert "pause" in rig.words


def test_keys_of_srtp_are_not_taken_for_commands() -> None:
    line = "a=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"
    rig = Rig(office(capture=DIGITS))
    rig.feed(
        carried(CALL.invite(sdp(protocol="RTP/SAVP") + line)),
        carried(CALL.response(200, sdp("192.0.2.10", 6000, protocol="RTP/SAVP") + line), by=Side.CALLED),
        *press("*7", 10),
    )
    assert "pause" not in rig.take().words


# On the disk, and in the recording


def paused_desk(folder: Path, begin: float, end: float | None, made: MadeCall, config: Config | None = None) -> Desk:
    """A recorder that is told to pause so many seconds after the answer, and to resume."""
    desk = Desk(folder, config=config)
    frames = made.frames()
    answer = made.begin + SECOND // 2
    for at, pause in ((answer + round(begin * SECOND), True), (answer + round((end or 0) * SECOND), False)):
        if pause or end is not None:
            desk.take([captured for captured in frames if captured.at < at])
            frames = [captured for captured in frames if captured.at >= at]
            desk.engine.command(call_of(desk.engine), at, pause=pause, **WHO)
            desk.work()
    desk.take(frames)
    return desk


def test_no_packet_of_a_pause_touches_the_disk_and_none_counts_as_lost(tmp_path: Path) -> None:
    made = MadeCall(talk=2.0)
    desk = paused_desk(tmp_path, 0.5, 1.25, made)
    desk.finish()
    answer = made.begin + SECOND // 2
    spool = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    rtp_frames = [captured for captured in made.frames() if len(captured.frame) == 14 + 28 + 12 + 160]
    inside = [captured for captured in rtp_frames if answer + SECOND // 2 <= captured.at < answer + SECOND * 5 // 4]
    assert len(inside) > 70
    for captured in rtp_frames:
        assert (captured.frame[42:] in spool) == (captured not in inside)
    closed = [record for record in desk.pen.records if isinstance(record, SegmentClosed)]
    assert [record.lost for record in closed] == [0, 0]
    (paused,) = (record for record in desk.pen.records if isinstance(record, RecordingPaused))
    (resumed,) = (record for record in desk.pen.records if isinstance(record, RecordingResumed))
    assert (paused.who, paused.how, paused.why) == ("admin", "api", "card number")
    assert resumed.at - paused.at == SECOND * 3 // 4
    told = next(entry for entry in desk.pen.entries if paused in entry.records)
    assert told.durable, "the mark is on the disk before its row"


def test_a_call_that_was_paused_all_along_has_its_reason(tmp_path: Path) -> None:
    desk = paused_desk(tmp_path, -0.2, None, MadeCall(talk=0.4))
    desk.finish()
    (reason,) = (record for record in desk.pen.records if isinstance(record, CallNotRecorded))
    assert reason.reason == "paused"
    assert desk.pen.jobs == []
    assert not list(tmp_path.rglob("*.rtp"))


def test_whoever_waits_hears_of_it_once_the_disk_took_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, failing={2})
    made = MadeCall(talk=0.4)
    desk.take(made.frames()[:1])
    heard: list[object] = []
    desk.recorder.waiting[7] = heard.append
    desk.engine.command(call_of(desk.engine), made.begin + SECOND, pause=True, ticket=7, **WHO)
    desk.reel.failing = {desk.reel.writes}
    desk.work()
    assert not [entry for entry in desk.pen.entries if entry.synced]
    desk.work()
    (entry,) = (entry for entry in desk.pen.entries if entry.synced)
    assert entry.durable and not heard
    entry.synced[0]()
    assert len(heard) == 1


def rendered(box: Box, frames: Path, desk: Desk) -> tuple[RecordingReady, dict[str, Any], Path]:
    """The desk's call as a recording, its manifest, and its WAV file."""
    with Ledger.open(box.folders.ledger) as ledger:
        pen = Inline(ledger, desk.reel, box.folders, FakeClock())
        for entry in desk.pen.entries:
            pen.put(entry)
        worker = Worker(box, ledger, FakeClock())
        while worker.one():
            pass
        (call,) = desk.recorder.closed
        recording = get_recording(ledger.connection, call)
    assert recording is not None
    facts = recording.facts
    identities = own_keys.identities_in(box.folders.keys)
    told = manifest.decode(open_sealed((box.folders.recordings / facts.manifest).read_bytes(), identities)).facts
    wav = frames / "call.wav"
    open_recording(box, call, wav, None)
    return facts, dict(told), wav


@pytest.mark.parametrize(("begin", "end"), [(0.5, 1.25), (1.5, None), (-0.2, 1.0)])
def test_the_recording_keeps_its_length_and_tells_of_the_pause(tmp_path: Path, begin: float, end: float | None) -> None:
    box = Box.at(tmp_path / "var")
    made = MadeCall(talk=2.0)
    desk = paused_desk(tmp_path / "var", begin, end, made)
    desk.finish()
    facts, told, wav = rendered(box, tmp_path, desk)
    assert facts.seconds == pytest.approx(2.0, abs=0.03)
    assert facts.lost == 0
    assert [facts.quality[side]["longest_burst"] for side in ("caller", "called")] == [0, 0]
    (pause,) = told["pauses"]
    first, last = max(0.0, begin), 2.0 if end is None else end
    assert (pause["at"], pause["seconds"]) == (pytest.approx(first, abs=0.01), pytest.approx(last - first, abs=0.01))
    assert (pause["who"], pause["how"], pause["why"]) == ("admin", "api", "card number")
    data = wav.read_bytes()[44:]
    left = [sample for (sample, _) in struct.iter_unpack("<hh", data[: len(data) // 4 * 4])]
    inside = left[round(first * 8000) + 200 : round(last * 8000) - 200]
    assert set(inside) == {0}
    outside = [*left[: max(0, round(first * 8000) - 200)], *left[round(last * 8000) + 200 :]]
    assert sum(1 for sample in outside if abs(sample) > 100) > len(outside) // 2


# After the end of a recorder


def test_the_next_recorder_goes_on_paused(tmp_path: Path) -> None:
    made = MadeCall(talk=2.0)
    frames, pause_at = made.frames(), made.begin + SECOND
    desk = Desk(tmp_path)
    desk.take([captured for captured in frames if captured.at < pause_at])
    call = call_of(desk.engine)
    desk.engine.command(call, pause_at, pause=True, **WHO)
    desk.work()
    desk.reel.close()  # killed: nothing more was written

    after = Desk(tmp_path)
    assert recovery.rebuild(after.engine, after.reel, None, 0) == [call]
    assert after.engine.pauses.paused(call, pause_at + 1) is not None
    after.take([captured for captured in frames if captured.at >= pause_at])
    after.finish()
    spool = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(
        captured.frame[42:] in spool for captured in frames if captured.at >= pause_at and len(captured.frame) == 54 + 160
    )
    assert sum(isinstance(record, RecordingPaused) for record in after.pen.records) == 1, (
        "told again, in case the first row was lost"
    )
    closed = [record for record in after.pen.records if isinstance(record, SegmentClosed)]
    assert [record.lost for record in closed] == [0, 0]


def test_keys_that_were_obeyed_are_not_obeyed_again(tmp_path: Path) -> None:
    told = office(capture=DIGITS)
    rig = Rig(told).feed(*with_events(), info("*", 5), info("7", 6))
    assert "pause" in rig.words
    reel = Reel(tmp_path, "eth1")
    reel.keep([effect for effect in rig.effects if type(effect).__name__ in ("Keep", "Hush")])  # type: ignore[misc]
    call = call_of(rig.engine)
    (mark,) = pauses(reel.folder / call)
    engine = Engine(told, via="eth1")
    recovery.rebuild(engine, reel, None, 0)
    assert engine.pauses.listens
    assert [type(effect).__name__ for effect in engine.effects].count("Hush") == 0
    assert engine.pauses.paused(call, mark.at) is not None
    reel.close()
