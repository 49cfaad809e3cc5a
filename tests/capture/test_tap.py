"""The tap records what it hears, goes on where the tap before it was stopped or killed, and loses no packet while anything can hold it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.errors import ConfigError
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, select_calls
from capture.tap import interface_of
from tests import needs
from tests.bed import disks
from tests.bed.house import wait_for
from tests.bed.lan import MIRROR, Lan
from tests.bed.made import MadeCall, together, write_pcap
from tests.bed.program import COMMAND, appliance

pytestmark = needs.namespaces()

CALL = MadeCall(talk=1.6)
HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="ring")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""Starts a program as systemd does that kept a descriptor for it."""


class Starter:
    """Whoever starts the tap: hears its notifications, keeps the packet socket that it gives, and hands that to the next tap."""

    def __init__(self, lan: Lan, data: Path) -> None:
        self.box = Box.at(data)
        self._lan, self._data = lan, data
        data.mkdir(parents=True, exist_ok=True)
        self._address = data.parent / "notify"
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(self._address))
        self._notified.settimeout(30.0)
        self.kept = -1
        self.said: list[str] = []
        self.tap: subprocess.Popen[bytes] | None = None

    def start(self, *, hand_over: bool = True) -> None:
        """Start a tap and wait until it is ready."""
        program = [*COMMAND, "capture", "tap", "--interface", MIRROR, "--data", str(self._data)]
        handed = []
        if hand_over and self.kept >= 0:
            handed = [self.kept]
            program = [sys.executable, "-c", HANDED_OVER, str(self.kept), *program[1:]]
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._address)}
        with (self._data.parent / "tap.log").open("ab") as log:
            self.tap = subprocess.Popen(self._lan.inside("box", program), env=environment, stderr=log, pass_fds=handed)
        self.said.clear()
        while "READY=1" not in self.said:
            text, handles, _, _ = socket.recv_fds(self._notified, 4096, 4)
            self.said += text.decode().splitlines()
            if handles:
                (self.kept,) = handles

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send this signal to the tap; its exit code."""
        assert self.tap is not None
        self.tap.send_signal(number)
        return self.tap.wait(30)

    def close(self) -> None:
        """End everything."""
        if self.tap is not None and self.tap.poll() is None:
            self.tap.kill()
            self.tap.wait()
        if self.kept >= 0:
            os.close(self.kept)
        self._notified.close()

    def calls(self) -> list[Call]:
        """Every call, oldest first."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return [read_call(row) for row in ledger.connection.execute(*select_calls("ORDER BY started_at"))]

    def closed(self, count: int = 1) -> bool:
        """Whether so many calls are closed, each with a reason or queued to be rendered."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            queued = int(ledger.connection.execute("SELECT count(*) FROM job WHERE kind = 'render'").fetchone()[0])
        return queued + sum(1 for call in self.calls() if call.not_recorded) >= count

    def answered(self) -> bool:
        """Whether somebody talks."""
        return any(call.answered_at for call in self.calls())

    def recordings(self) -> list[Recording]:
        """Render what there is; the recordings, oldest call first."""
        appliance("capture", "render", "--once", "--data", self._data)
        with Ledger.open(self.box.folders.ledger) as ledger:
            found = [get_recording(ledger.connection, call.id) for call in self.calls()]
        return [recording for recording in found if recording is not None]

    def detail(self) -> dict[str, Any]:
        """What the tap says of itself."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return dict(ledger.heartbeats()[0].detail)


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
    file = write_pcap(folder / "played.pcap", together(*calls))
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
    starter.start()
    player = play(lan, tmp_path, CALL)
    wait_for("the answer", starter.answered)
    assert starter.stop() == 0
    starter.start(hand_over=False)
    assert player.wait(30) == 0
    wait_for("the end of the call", starter.closed)
    assert starter.stop() == 0
    (recording,) = starter.recordings()
    facts = recording.facts
    assert facts.packets + facts.lost == 2 * CALL.packets
    assert not facts.cut


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
