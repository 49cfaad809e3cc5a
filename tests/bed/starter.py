"""Whoever starts the tap: as systemd does it, in the box's namespace, with the packet socket kept while no tap runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, select_calls
from benchmarks.measure import cpu_seconds
from tests.bed.lan import MIRROR, Lan
from tests.bed.program import COMMAND, appliance

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
        self.spawn(hand_over=hand_over)
        self.wait_until_ready()

    def spawn(self, *, hand_over: bool = True) -> None:
        """Start a tap."""
        self._notified.setblocking(False)
        with suppress(BlockingIOError):  # what the tap before had to say
            while self._notified.recv(4096):
                pass
        self._notified.settimeout(30.0)
        program = [*COMMAND, "capture", "tap", "--interface", MIRROR, "--data", str(self._data)]
        handed = []
        if hand_over and self.kept >= 0:
            handed = [self.kept]
            program = [sys.executable, "-c", HANDED_OVER, str(self.kept), *program[1:]]
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._address)}
        with (self._data.parent / "tap.log").open("ab") as log:
            self.tap = subprocess.Popen(self._lan.inside("box", program), env=environment, stderr=log, pass_fds=handed)
        self.said.clear()

    def wait_until_ready(self) -> None:
        """Until the tap says so."""
        while "READY=1" not in self.said:
            text, handles, _, _ = socket.recv_fds(self._notified, 4096, 4)
            self.said += text.decode().splitlines()
            if handles:
                (self.kept,) = handles

    def share_of_a_core(self, seconds: float = 1.5) -> float:
        """How much of a processor the tap takes, for so long."""
        assert self.tap is not None
        before, begun = cpu_seconds(self.tap.pid), time.monotonic()
        time.sleep(seconds)
        return (cpu_seconds(self.tap.pid) - before) / (time.monotonic() - begun)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send this signal to the tap; its exit code."""
        assert self.tap is not None
        self.tap.send_signal(number)
        return self.tap.wait(30)

    def kill(self) -> None:
        """SIGKILL to the tap."""
        if (code := self.stop(signal.SIGKILL)) != -signal.SIGKILL:
            raise AssertionError(f"the tap had ended by itself ({code})")

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
