"""What every service of the box shares: signals, sd_notify, watchdog, heartbeat, restart of its loop.

A service's work is a function that does one round and returns how long it may wait (seconds); the loop here waits at the doorbell
until then. This is the one place with a broad `except`: a round that fails is logged, counted and tried again with back-off, so
that a bug in one call's data never stops the recording of the next.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from appliance.clock import Clock, SystemClock
from appliance.doorbell import Doorbell
from appliance.folders import Folders
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.moments import SECOND
from appliance.records import Heartbeat

HEARTBEAT_S = 10.0
_FAILED_ROUND_S = (0.2, 1.0, 5.0, 15.0)

NOTIFY_S = 5.0
"""How long a word to systemd may wait to be taken."""

log = logging.getLogger(__name__)


def sd_notify(*assignments: str) -> None:
    """Tell systemd (sd_notify(3)); outside of it nothing happens.

    Whoever reads may be busy, and his queue full: a sign of life waits for nobody, since the next follows; anything else a little.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier, suppress(OSError):
        notifier.connect("\0" + address[1:] if address.startswith("@") else address)
        notifier.settimeout(0.0 if assignments == ("WATCHDOG=1",) else NOTIFY_S)
        notifier.sendall("\n".join(assignments).encode())


def resident_megabytes() -> float:
    """This process's resident memory, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class StopSignal:
    """Becomes true at SIGTERM or SIGINT; `fileno` is readable from then on, for select."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._caught)

    def __bool__(self) -> bool:
        return self._stopping

    def fileno(self) -> int:
        """Readable once the signal has come."""
        return self._reader

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        with suppress(BlockingIOError):
            os.write(self._writer, b"!")


class Service:
    """A running service: its name, its bell, its heartbeat."""

    def __init__(self, name: str, folders: Folders, clock: Clock | None = None) -> None:
        self.name = name
        self.folders = folders
        self.clock = clock or SystemClock()
        self.stop = StopSignal()
        self.bell = Doorbell(folders.run, name)
        self.detail: dict[str, Any] = {}
        self._last_beat = 0
        self._trouble = Trouble(log, self.clock.monotonic)

    def heartbeat(self, state: str) -> Heartbeat:
        """What this service has to say of itself now."""
        detail: Mapping[str, Any] = {**self.detail, "megabytes": round(resident_megabytes(), 1)}
        return Heartbeat(at=self.clock.now(), service=self.name, pid=os.getpid(), state=state, detail=detail)

    def beat_is_due(self) -> bool:
        """Whether a heartbeat should be written; also pats systemd's watchdog."""
        sd_notify("WATCHDOG=1")
        now = self.clock.monotonic()
        if self._last_beat and now - self._last_beat < HEARTBEAT_S * SECOND:
            return False
        self._last_beat = now
        return True

    def run(self, ledger: Ledger, step: Callable[[], float]) -> None:
        """Rounds of `step` until SIGTERM or SIGINT; between them the bell, the heartbeat and the watchdog."""
        sd_notify("READY=1")
        log.info("%s is ready", self.name)
        failures = 0
        while not self.stop:
            state, pause = "ok", 0.0
            try:
                pause = step()
                failures = 0
                self._trouble.over(f"{self.name} works again")
            except Exception as error:
                log.debug("round failed", exc_info=True)
                self._trouble.happened(f"{self.name}: {type(error).__name__}: {error}")
                state, pause = f"failing: {error}", _FAILED_ROUND_S[min(failures, len(_FAILED_ROUND_S) - 1)]
                failures += 1
            if self.beat_is_due() or failures == 1:
                with suppress(Exception):  # the ledger may be what fails; the watchdog and the loop go on
                    ledger.beat(self.heartbeat(state))
            self.bell.wait(min(pause, HEARTBEAT_S), self.stop.fileno())
        sd_notify("STOPPING=1")
        with suppress(Exception):
            ledger.beat(self.heartbeat("stopped"))
        self.bell.close()
        log.info("%s has stopped", self.name)
