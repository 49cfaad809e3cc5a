"""What every service shares: systemd is told, a signal ends it cleanly, and a round that fails is tried again and said."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance import service
from appliance.box import Box
from appliance.doorbell import ring
from appliance.ledger import Ledger
from appliance.records import Heartbeat

CHILD = """
import sys
from pathlib import Path
from appliance import logs
from appliance.folders import Folders
from appliance.ledger import Ledger
from appliance.service import Service

logs.set_up("probe")
folders = Folders.below(Path(sys.argv[1]))
probe = Service("probe", folders)
rounds = 0

def step():
    global rounds
    rounds += 1
    probe.detail["rounds"] = rounds
    print(rounds, flush=True)
    {step}

ledger = Ledger.open(folders.ledger)
{before}
probe.run(ledger, step)
print("ended", flush=True)
"""
QUIET = "return 3600.0"
BUSY = "return 0.01"


class Running:
    """A service in a process of its own, and what it tells systemd."""

    def __init__(self, box: Box, notified: socket.socket, address: str, step: str, before: str = "") -> None:
        environment = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(step=step, before=before), str(box.folders.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "NOTIFY_SOCKET": address},
        )
        self._notified = notified

    def told(self, word: str) -> None:
        """Wait until systemd is told this word."""
        while word not in self._notified.recv(4096).decode().split("\n"):
            pass

    def next_word(self) -> str:
        """The next thing that systemd is told."""
        return self._notified.recv(4096).decode()

    def round(self) -> str:
        """Wait for the next round, or for the end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ended(self, number: int = signal.SIGTERM) -> str:
        """End it with this signal; its log."""
        self.process.send_signal(number)
        out, log = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, log
        assert out.endswith("ended\n")
        return log


Start = Callable[..., Running]


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[socket.socket]:
    """Where systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(60)
        yield bound


@pytest.fixture
def start(box: Box, tmp_path: Path, notified: socket.socket) -> Iterator[Start]:
    """Start a service whose round is this code."""
    started: list[Running] = []

    def begin(step: str, before: str = "", address: str = "") -> Running:
        started.append(Running(box, notified, address or str(tmp_path / "notify"), step, before))
        return started[-1]

    yield begin
    for running in started:
        running.process.kill()
        running.process.communicate()


def beat(box: Box, until: Callable[[Heartbeat], bool]) -> Heartbeat:
    """The service's heartbeat, once it is so."""
    for _ in range(600):
        if box.folders.ledger.exists():
            with Ledger.open(box.folders.ledger) as ledger:
                for found in ledger.heartbeats():
                    if until(found):
                        return found
        time.sleep(0.05)
    raise AssertionError("the heartbeat never came")


def test_systemd_is_told_ready_watchdog_and_stopping_in_this_order(start: Start) -> None:
    running = start(BUSY)
    assert running.next_word() == "READY=1"
    assert [running.next_word() for _ in range(5)] == ["WATCHDOG=1"] * 5
    running.process.send_signal(signal.SIGTERM)
    running.told("STOPPING=1")
    assert running.process.wait(60) == 0


def test_an_abstract_socket_of_systemds_is_reached_too(start: Start) -> None:
    name = f"appliance-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(60)
        running = start(QUIET, address=f"@{name}")
        assert listening.recv(4096) == b"READY=1"
        running.ended()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_waiting_service_with_code_0(start: Start, box: Box, number: int) -> None:
    running = start(QUIET)
    running.told("WATCHDOG=1")
    log = running.ended(number)
    assert "probe has stopped" in log
    assert "Traceback" not in log
    assert beat(box, lambda found: True).state == "stopped"


def test_a_signal_in_the_middle_of_a_round_lets_the_round_end(start: Start) -> None:
    running = start("import time; time.sleep(0.3); print('round over', flush=True); return 0.0")
    assert running.round() == "1"
    running.process.send_signal(signal.SIGTERM)
    assert [running.round(), running.round()] == ["round over", "ended"]
    assert running.process.wait(60) == 0


def test_a_service_waits_as_long_as_it_said_unless_its_bell_rings(start: Start, box: Box) -> None:
    running = start("return 3600.0 if rounds < 3 else 0.01")
    running.told("WATCHDOG=1")
    assert running.round() == "1"
    for expected in ("2", "3"):
        ring(box.folders.run, "probe")
        assert running.round() == expected
    assert running.round() == "4"
    running.ended()


def test_a_round_that_raises_is_tried_again_and_the_heartbeat_says_failing(start: Start, box: Box) -> None:
    running = start("raise ValueError('no such thing as a free lunch')")
    found = beat(box, lambda found: found.state.startswith("failing"))
    assert found.state == "failing: no such thing as a free lunch"
    assert (found.service, found.pid, found.detail["rounds"]) == ("probe", running.process.pid, 1)
    assert [running.round(), running.round()] == ["1", "2"]
    log = running.ended()
    assert log.count("probe: ValueError: no such thing as a free lunch") == 1
    assert "Traceback" not in log


def test_a_service_that_works_again_says_so(start: Start) -> None:
    running = start("if rounds < 3: raise OSError('disk gone')\n    return 0.01")
    while running.round() != "4":
        pass
    log = running.ended()
    assert "OSError: disk gone" in log
    assert log.count("probe works again") == 1


def test_the_watchdog_is_fed_although_the_ledger_fails(start: Start) -> None:
    running = start(BUSY, before="ledger.close()")
    assert running.next_word() == "READY=1"
    assert [running.next_word() for _ in range(3)] == ["WATCHDOG=1"] * 3
    running.ended()


def test_the_heartbeat_tells_what_the_service_has_to_say(start: Start, box: Box) -> None:
    running = start(QUIET)
    found = beat(box, lambda found: found.state == "ok")
    assert (found.service, found.pid, found.detail["rounds"]) == ("probe", running.process.pid, 1)
    assert 1 < found.detail["megabytes"] < 1000
    running.ended()


def test_outside_of_systemd_nobody_is_told_and_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in ("", str(tmp_path / "nobody"), "@nobody-listens-here", "x" * 500):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        service.sd_notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    service.sd_notify("READY=1", "STATUS=fine")


def test_several_words_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notified: socket.socket) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    service.sd_notify("READY=1", "STATUS=東京")
    assert notified.recv(4096).decode() == "READY=1\nSTATUS=東京"


def test_a_sign_of_life_waits_for_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notified: socket.socket) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    signal.alarm(20)  # where it waits, it waits for ever
    try:
        for _ in range(1000):
            service.sd_notify("WATCHDOG=1")
    finally:
        signal.alarm(0)
    assert notified.recv(4096) == b"WATCHDOG=1"


def test_memory_is_what_the_kernel_says() -> None:
    before = service.resident_megabytes()
    ballast = b"x" * 50_000_000
    assert service.resident_megabytes() > before + 40
    assert len(ballast) == 50_000_000
