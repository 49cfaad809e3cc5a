"""The tap records what it hears, goes on where the tap before it was stopped or killed, and loses no packet while anything can hold it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.calls import Recording
from appliance.errors import ConfigError
from appliance.ledger import Ledger
from capture import drops
from capture.pcapfile import Captured
from capture.tap import interface_of
from tests import needs
from tests.bed import disks
from tests.bed.house import wait_for
from tests.bed.lan import MIRROR, Lan
from tests.bed.made import MadeCall, datagram, together, write_pcap
from tests.bed.program import COMMAND
from tests.bed.starter import Starter

pytestmark = needs.namespaces()

CALL = MadeCall(talk=1.6)


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with Lan() as found:
        yield found


@pytest.fixture
def starter(lan: Lan, tmp_path: Path) -> Iterator[Starter]:
    found = Starter(lan, tmp_path / "var")
    yield found
    found.close()


def play(lan: Lan, folder: Path, *calls: MadeCall) -> subprocess.Popen[bytes]:
    """The calls are held on the LAN, in their own time."""
    return play_frames(lan, folder, together(*calls))


def play_frames(lan: Lan, folder: Path, frames: list[Captured]) -> subprocess.Popen[bytes]:
    """These frames are sent on the LAN, in their own time."""
    file = write_pcap(folder / "played.pcap", frames)
    return subprocess.Popen(
        lan.inside("carrier", [*COMMAND, "capture", "play", "--interface", "eth0", str(file)]), stderr=subprocess.DEVNULL
    )


def whole(recording: Recording, call: MadeCall = CALL) -> bool:
    """Whether no packet of the call is missing."""
    facts = recording.facts
    return (facts.packets, facts.lost, facts.cut, facts.one_sided) == (2 * call.packets, 0, False, False)


def test_a_call_on_the_wire_is_recorded_and_the_tap_stops_when_it_is_told(lan: Lan, tmp_path: Path, starter: Starter) -> None:
    starter.start()
    assert starter.kept >= 0, "the ring is given to the starter to keep"
    other = MadeCall(number=1, talk=0.6, codec="PCMA", begin=CALL.begin + 200_000_000)
    assert play(lan, tmp_path, CALL, other).wait(30) == 0
    wait_for("the end of the calls", lambda: starter.closed(2))
    assert starter.stop() == 0
    first, second = starter.recordings()
    assert whole(first, CALL)
    assert whole(second, other)
    assert [call.end_reason for call in starter.calls()] == ["hangup_caller"] * 2
    detail = starter.detail()
    assert (detail["interface"], detail["dropped"]) == (MIRROR, 0)
    assert starter.said == ["FDSTORE=1", "FDNAME=ring", "READY=1"]


def test_a_tap_killed_in_a_call_loses_no_packet_while_its_socket_is_kept(lan: Lan, tmp_path: Path, starter: Starter) -> None:
    starter.start()
    player = play(lan, tmp_path, CALL)
    wait_for("the answer", starter.answered)
    for _ in range(2):
        assert starter.stop(signal.SIGKILL) == -signal.SIGKILL
        starter.start()
        assert "FDSTORE=1" not in starter.said, "it goes on with the socket that it was handed"
    assert player.wait(30) == 0
    wait_for("the end of the call", starter.closed)
    assert starter.stop() == 0
    (recording,) = starter.recordings()
    assert whole(recording)
    (call,) = starter.calls()
    assert call.end_reason == "hangup_caller"


def test_a_call_goes_on_after_a_restart_even_without_the_socket(lan: Lan, tmp_path: Path, starter: Starter) -> None:
    """It is held in three parts, so that the machine may be as slow as it likes."""
    frames, missed = CALL.frames(), 10
    starter.start()
    assert play_frames(lan, tmp_path, frames[:40]).wait(60) == 0
    wait_for("the answer", starter.answered)
    assert starter.stop() == 0
    assert play_frames(lan, tmp_path, frames[40 : 40 + missed]).wait(60) == 0, "nobody listens"
    starter.start(hand_over=False)
    assert play_frames(lan, tmp_path, frames[40 + missed :]).wait(60) == 0
    wait_for("the end of the call", starter.closed)
    assert starter.stop() == 0
    (recording,) = starter.recordings()
    facts = recording.facts
    assert (facts.packets, facts.lost) == (2 * CALL.packets - missed, missed)
    assert not facts.cut


def test_frames_that_the_kernel_dropped_in_a_call_are_told_to_its_recording(lan: Lan, tmp_path: Path) -> None:
    """While the tap stands still between two halves of a call, more comes than a ring of 4 MB holds."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text("[capture]\nring_megabytes = 4\n")
    starter = Starter(lan, tmp_path / "var")
    try:
        starter.start()
        frames = CALL.frames()
        at = CALL.begin
        flood = [Captured(1, datagram(b"\x80\x00\0\1\0\0\0\1\0\0\0\1" + bytes(1200), 30000, 30002, by_caller=True), at)] * 9000
        assert starter.tap is not None
        assert play_frames(lan, tmp_path, frames[:40]).wait(30) == 0
        wait_for("the answer", starter.answered)
        starter.tap.send_signal(signal.SIGSTOP)
        assert play_frames(lan, tmp_path, flood).wait(60) == 0
        starter.tap.send_signal(signal.SIGCONT)
        wait_for("word of it", lambda: dropped(starter) > 0)
        assert play_frames(lan, tmp_path, frames[40:]).wait(30) == 0
        wait_for("the end of the call", starter.closed)
        assert starter.stop() == 0
        (recording,) = starter.recordings()
        assert recording.facts.quality["kernel_dropped"] == dropped(starter)
    finally:
        starter.close()


def dropped(starter: Starter) -> int:
    """Frames that the tap has told to be dropped."""
    with Ledger.open(starter.box.folders.ledger) as ledger:
        return drops.during(ledger.connection, MIRROR, 0, 1 << 62)


def test_a_full_disk_in_a_call_loses_nothing_while_memory_holds_it(lan: Lan, tmp_path: Path) -> None:
    with disks.disk(tmp_path / "small", 4096) as place:
        starter = Starter(lan, place / "var")
        try:
            starter.start()
            player = play(lan, tmp_path, CALL)
            wait_for("the answer", starter.answered)
            filler = disks.fill(place)
            assert player.wait(30) == 0
            spool = sum(path.stat().st_size for path in starter.box.folders.spool.rglob("*.rtp"))
            assert spool < 2 * CALL.packets * 172, "the disk was full before the end of the call"
            filler.unlink()
            wait_for("the end of the call", starter.closed)
            assert starter.stop() == 0
            (recording,) = starter.recordings()
            assert whole(recording)
        finally:
            starter.close()


def test_a_spool_that_takes_nothing_costs_no_core_and_no_call(lan: Lan, tmp_path: Path) -> None:
    data = tmp_path / "box"
    with disks.disk(data / "spool", 4096) as spool:
        starter = Starter(lan, data)
        try:
            starter.start()
            filler = disks.fill(spool)
            assert play(lan, tmp_path, CALL).wait(30) == 0
            assert starter.share_of_a_core() < 0.15, "it waits until the next try is due, and does not try without end"
            filler.unlink()
            wait_for("the end of the call", starter.closed)
            assert starter.stop() == 0
            (recording,) = starter.recordings()
            assert whole(recording)
        finally:
            starter.close()


def test_a_ledger_that_cannot_be_opened_does_not_keep_a_call_from_being_recorded(
    lan: Lan, tmp_path: Path, starter: Starter
) -> None:
    starter.box.folders.ledger.mkdir(parents=True)
    starter.start()
    call = MadeCall(talk=0.4)
    assert play(lan, tmp_path, call).wait(30) == 0
    with suppress(OSError):
        (starter.box.folders.data / "ledger.db.lock").unlink()
    starter.box.folders.ledger.rmdir()
    wait_for("the end of the call", starter.closed)
    assert starter.stop() == 0
    (recording,) = starter.recordings()
    assert whole(recording, call)


def test_a_second_tap_on_the_same_port_is_refused(lan: Lan, tmp_path: Path, starter: Starter) -> None:
    starter.start()
    command = lan.inside("box", [*COMMAND, "capture", "tap", "--interface", MIRROR, "--data", str(tmp_path / "var")])
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 4
    assert "another process records this source already" in done.stderr.splitlines()[-1]
    assert starter.stop() == 0


@pytest.mark.parametrize(
    ("interface", "words"), [("nosuchport", "`ip link` shows the interfaces there are"), ("lo", "is down; run: ip link set lo up")]
)
def test_a_port_that_is_not_there_or_down_is_one_sentence(lan: Lan, tmp_path: Path, interface: str, words: str) -> None:
    command = [*COMMAND, "capture", "tap", "--interface", interface, "--data", str(tmp_path / "var")]
    done = subprocess.run(lan.inside("switch", command), capture_output=True, text=True)
    assert done.returncode == 4
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"appliance: {interface}: ")
    assert words in sentence


def test_the_port_is_the_one_named_or_else_the_configured_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"capture\.interface"):
        interface_of(Box.at(tmp_path), "")
    (tmp_path / "appliance.toml").write_text('[capture]\ninterface = "eth7"\n')
    assert interface_of(Box.at(tmp_path), "") == "eth7"
    assert interface_of(Box.at(tmp_path), "eth1") == "eth1"
