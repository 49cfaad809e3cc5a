"""A capture file is recorded as if it were live: twice gives the same once, a damaged file gives what is readable, a stopped replay is
taken up by the next as if it had not been stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box import Box
from appliance.errors import ApplianceError, CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, select_calls
from appliance.moments import SECOND
from capture.intake import reel_name
from capture.replay import replay
from tests import needs
from tests.bed import disks
from tests.bed.made import MadeCall, together, write_pcap
from tests.bed.program import COMMAND
from tests.bed.recorded import TOUCHES, all_recordings
from tests.fakes.clock import START
from tests.fakes.processes import killed_before

SAMPLES = Path(__file__).resolve().parents[2] / "appliance" / "demo" / "samples"
CALLS = (MadeCall(talk=1.2), MadeCall(number=1, begin=START + SECOND, talk=0.4), MadeCall(number=2, answered=False, talk=0.3))


def outcome(box: Box) -> list[Any]:
    """Every call with its recording, without what differs between two sealings."""
    with Ledger.open(box.folders.ledger) as ledger:
        found: list[Any] = []
        for row in ledger.connection.execute(*select_calls("ORDER BY id")):
            call = read_call(row)
            recording = get_recording(ledger.connection, call.id)
            facts = recording.facts if recording else None
            sound = (facts.recording, facts.plain_sha256, facts.seconds, facts.packets, facts.quality, facts.cut) if facts else None
            found.append((call, sound))
        return found


def rows(box: Box) -> int:
    with Ledger.open(box.folders.ledger) as ledger:
        return ledger.last_row()


def spool_of(box: Box) -> list[Path]:
    return [path for path in box.folders.spool.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pcap(tmp_path_factory.mktemp("made") / "calls.pcap", together(*CALLS))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, file: Path) -> list[Any]:
    """What a replay gives that nobody disturbs."""
    box = Box.at(tmp_path_factory.mktemp("calm") / "var")
    replay(box, file)
    return outcome(box)


def test_calls_come_out_in_the_order_they_were_closed_and_the_spool_is_let_go(box: Box, file: Path) -> None:
    done = replay(box, file)
    assert len(done.calls) == len(CALLS)
    assert done.frames == len(together(*CALLS))
    assert done.broken is None
    assert spool_of(box) == []
    assert list(box.folders.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("sample", "codec", "packets", "seconds"),
    [
        ("inbound", "PCMU", 3532, 35.328),
        ("anonymous", "PCMU", 1352, 13.528),
        ("outbound", "PCMA", 1996, 19.964),
        ("internal", "G722", 1104, 11.044),
    ],
)
def test_the_samples_are_recorded_whole(box: Box, sample: str, codec: str, packets: int, seconds: float) -> None:
    replay(box, SAMPLES / sample / "capture.pcap")
    (recording,) = all_recordings(box)
    facts = recording.facts
    assert (facts.codecs, facts.packets, facts.lost, facts.one_sided, facts.cut) == ((codec,), packets, 0, False, False)
    assert facts.seconds == pytest.approx(seconds, abs=0.02)


def test_a_missed_call_has_no_recording_and_its_reason(box: Box) -> None:
    replay(box, SAMPLES / "missed" / "capture.pcap")
    ((call, sound),) = outcome(box)
    assert (call.end_reason, call.not_recorded, call.caller_reason, sound) == ("cancelled", "not_answered", "payphone", None)


def test_twice_is_once(box: Box, file: Path, calm: list[Any]) -> None:
    replay(box, file)
    before = rows(box), sorted(path.name for path in box.folders.recordings.rglob("*.age"))
    again = replay(box, file)
    assert (rows(box), sorted(path.name for path in box.folders.recordings.rglob("*.age"))) == before
    assert len(again.calls) == len(CALLS)
    assert outcome(box) == calm
    assert spool_of(box) == []


def test_a_copy_of_the_file_is_the_same_calls(box: Box, file: Path, tmp_path: Path) -> None:
    replay(box, file)
    before = rows(box)
    replay(box, Path(shutil.copy(file, tmp_path / "copy.pcap")))
    assert len(all_recordings(box)) == 2
    assert rows(box) == before


def test_the_name_of_the_reel_is_the_same_each_time_and_no_others(tmp_path: Path) -> None:
    one, other = tmp_path / "a.pcap", tmp_path / "b.pcap"
    assert reel_name(one) == reel_name(one)
    assert reel_name(one) != reel_name(other)
    assert reel_name(Path(os.fsdecode(b"\xff.pcap"))).startswith("replay-")


def test_killed_at_any_place_the_next_replay_gives_the_same(tmp_path: Path, file: Path, calm: list[Any]) -> None:
    for touch in range(1, 330, 22):
        box = Box.at(tmp_path / str(touch))
        assert killed_before(touch, partial(replay, box, file), calls=TOUCHES), "there was more to be done"
        replay(box, file)
        assert outcome(box) == calm
        assert spool_of(box) == []


def test_a_replay_killed_by_somebody_is_taken_up_by_the_next(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "long.pcap", MadeCall(talk=120.0).frames())
    calm, box = Box.at(tmp_path / "calm"), Box.at(tmp_path / "var")
    replay(calm, file)
    with subprocess.Popen([*COMMAND, "replay", str(file), "--data", str(box.folders.data)], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(box.folders.spool.glob("*/*/*.rtp")):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    replay(box, file)
    assert outcome(box) == outcome(calm)


def test_what_another_stopped_replay_left_becomes_a_recording_marked_as_cut(tmp_path: Path, file: Path) -> None:
    box, gone = Box.at(tmp_path / "var"), tmp_path / "gone.pcap"
    left = MadeCall(number=7, talk=3.0)
    write_pcap(gone, left.frames())
    touch = 40
    while not list(box.folders.spool.glob("*/*/*.rtp")):
        shutil.rmtree(box.folders.data, ignore_errors=True)
        assert killed_before(touch, partial(replay, box, gone), calls=TOUCHES)
        touch += 10
    gone.unlink()
    replay(box, file)
    cut = [recording for recording in all_recordings(box) if recording.facts.cut]
    assert len(cut) == 1
    assert len(all_recordings(box)) == 3
    ended = [call for call, _ in outcome(box) if call.end_reason == "recorder_stopped"]
    assert START < ended[0].ended_at <= START + 4 * SECOND
    assert spool_of(box) == []


def test_another_capture_under_the_name_of_a_stopped_one_loses_neither(tmp_path: Path) -> None:
    box, file = Box.at(tmp_path / "var"), tmp_path / "trace.pcap"
    write_pcap(file, MadeCall(number=7, talk=3.0).frames())
    touch = 40
    while not list(box.folders.spool.glob("*/*/*.rtp")):
        shutil.rmtree(box.folders.data, ignore_errors=True)
        assert killed_before(touch, partial(replay, box, file), calls=TOUCHES)
        touch += 10
    write_pcap(file, MadeCall(number=8, begin=START + 60 * SECOND, talk=0.4).frames())
    replay(box, file)
    assert [recording.facts.cut for recording in all_recordings(box)] == [False, True]


def test_two_replays_of_one_file_at_once_are_refused_the_second(box: Box, file: Path) -> None:
    from capture.spool import Reel

    reel = Reel(box.folders.spool, reel_name(file))
    with pytest.raises(CouldNotError, match="stop it first"):
        replay(box, file)
    reel.close()


def cut_off(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def overwrite(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3] + b"\xff" * 3000


@pytest.mark.parametrize("harm", [cut_off, overwrite])
def test_what_stands_before_the_break_of_a_file_is_recorded(box: Box, tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    whole, half = MadeCall(talk=0.4), MadeCall(number=1, begin=START + 5 * SECOND, talk=0.4)
    file = write_pcap(tmp_path / "a.pcap", together(whole, half))
    file.write_bytes(harm(file.read_bytes()))
    done = replay(box, file)
    assert done.broken is not None
    assert str(file) in str(done.broken)
    assert [call.end_reason for call, _ in sorted(outcome(box), key=lambda one: one[0].started_at)] == [
        "hangup_caller",
        "end_not_seen",
    ]
    assert len(all_recordings(box)) == 2


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", CouldNotError, "is empty"),
        (b"rubbish, and more of it", CouldNotError, "is no capture file"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", CouldNotError, "is cut within its header"),
        (None, UsageError, "there is no such file"),
    ],
)
def test_what_is_no_capture_is_refused_and_leaves_nothing(
    box: Box, tmp_path: Path, content: bytes | None, error: type[Exception], words: str
) -> None:
    file = tmp_path / "a.pcap"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=words):
        replay(box, file)
    assert not box.folders.data.exists()


def test_a_capture_without_frames_is_no_error(box: Box, tmp_path: Path) -> None:
    done = replay(box, write_pcap(tmp_path / "a.pcap", []))
    assert (done.calls, done.frames, done.broken) == ([], 0, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_capture_ends_in_calls_or_in_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    file = write_pcap(folder / "a.pcap", together(MadeCall(talk=0.2), MadeCall(number=1, talk=0.1, codec="X")))
    body = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    file.write_bytes(body)
    box = Box.at(folder / "var")
    try:
        replay(box, file)
    except ApplianceError:
        return
    assert all(call.settled for call, _ in outcome(box)), "every call ends as a recording or a reason"
    assert spool_of(box) == []


@needs.root
@pytest.mark.parametrize("kilobytes", [40, 80, 160, 300])
def test_a_full_disk_stops_a_replay_and_with_space_the_next_gives_the_same(
    tmp_path: Path, file: Path, calm: list[Any], kilobytes: int
) -> None:
    with disks.disk(tmp_path / "small", kilobytes) as place:
        box = Box.at(place / "var")
        with pytest.raises(CouldNotError):
            replay(box, file)
        disks.resize(place, 800_000)  # more than the reserve, below which Opus is written
        replay(box, file)
        assert outcome(box) == calm
        assert spool_of(box) == []


@needs.root
def test_a_read_only_folder_is_one_sentence(tmp_path: Path, file: Path) -> None:
    with disks.disk(tmp_path / "small", 8000) as place:
        disks.make_read_only(place)
        with pytest.raises(CouldNotError, match="writable"):
            replay(Box.at(place / "var"), file)
