"""A small service manager for a box that runs in one terminal: starts the services, starts them again when they die, stops them all.

It speaks systemd's protocol, so that the services do here what they do on a box: READY and WATCHDOG (sd_notify(3)), and the file
descriptor store (FDSTORE=1, LISTEN_FDS), which keeps the tap's packet ring alive while the tap itself is dead.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

WATCHDOG_S = 30.0
START_S = 60.0
STEADY_S = 10.0
"""A service that lived so long after it was ready is no flapping one."""
HOPELESS = 3
RESTART_S = (0.05, 0.5, 2.0, 10.0)
STOP_S = 12.0
LISTEN_FDS_START = 3
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One service."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    notifier: socket.socket | None = None
    ready: bool = False
    starts: int = 0
    failures: int = 0
    start_at: float = 0.0
    ready_at: float = 0.0
    alive_at: float = 0.0
    stored: dict[str, int] = field(default_factory=dict)
    """Descriptors it gave us to keep, by name."""


def tied() -> Callable[[], None]:
    """What a child runs between fork and exec, so that it stops when we die, and Ctrl-C reaches it through us alone."""
    parent = os.getpid()

    def prepare() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()

    return prepare


class Supervisor:
    """Keeps the children running until it is told to stop."""

    def __init__(self, say: Callable[[str], None], watchdog: float = WATCHDOG_S) -> None:
        self.children: dict[str, Child] = {}
        self._say = say
        self._watchdog = watchdog
        self._folder = tempfile.TemporaryDirectory(prefix="appliance-")
        self._selector = selectors.DefaultSelector()
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told)

    def add(self, name: str, *command: str) -> None:
        """Run this command as a service of this name."""
        child = self.children[name] = Child(name, list(command))
        child.notifier = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        child.notifier.bind(self._address(child))
        self._selector.register(child.notifier, selectors.EVENT_READ, child)
        self._start(child)

    def wait_ready(self, timeout: float) -> bool:
        """Until every child is ready; False where one is not in time, or dies again and again."""
        deadline = time.monotonic() + timeout
        while not self.stopping and not all(child.ready for child in self.children.values()):
            if time.monotonic() > deadline or any(child.failures >= HOPELESS for child in self.children.values()):
                return False
            self.round(0.1)
        return not self.stopping

    def round(self, timeout: float) -> None:
        """Hear what the children say, and start again what has died."""
        for key, _ in self._selector.select(timeout):
            self._hear(key.data)
        now = time.monotonic()
        for child in self.children.values():
            if child.process is None:
                if now >= child.start_at and not self.stopping:
                    self._start(child)
            elif child.process.poll() is not None:
                self._died(child, now)
            elif now - child.alive_at > (self._watchdog if child.ready else START_S):
                self._say(f"{child.name} hangs; it is started again")
                child.process.kill()

    def stop(self) -> None:
        """Stop every child, in the order they were added; kill what does not listen."""
        self.stopping = True
        for child in self.children.values():
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_S
        for child in self.children.values():
            if child.process is not None:
                try:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    self._say(f"{child.name} does not stop; it is killed")
                    child.process.kill()
                    child.process.wait()
            for handle in child.stored.values():
                os.close(handle)
            child.stored.clear()
            if child.notifier is not None:
                child.notifier.close()
        self._selector.close()
        self._folder.cleanup()

    def _address(self, child: Child) -> str:
        """Where the child notifies us."""
        return f"{self._folder.name}/{child.name}"

    def _told(self, number: int, frame: object) -> None:
        self.stopping = True

    def _start(self, child: Child) -> None:
        kept = sorted(child.stored.items())
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": self._address(child),
            "WATCHDOG_USEC": str(round(self._watchdog * 1_000_000)),
            "PYTHONUNBUFFERED": "1",
        }
        command = child.arguments
        if kept:  # the shell knows its own process id, which the command then has: LISTEN_PID must be it
            command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
            environment |= {"LISTEN_FDS": str(len(kept)), "LISTEN_FDNAMES": ":".join(name for name, _ in kept)}
        tie = tied()

        def prepare() -> None:
            tie()
            for place, (_, handle) in enumerate(kept):
                os.dup2(handle, LISTEN_FDS_START + place, inheritable=True)

        child.process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
            close_fds=not kept,
        )
        child.ready, child.starts, child.alive_at = False, child.starts + 1, time.monotonic()

    def _died(self, child: Child, now: float) -> None:
        assert child.process is not None  # the caller has polled it
        code = child.process.returncode
        steady = child.ready and now - child.ready_at > STEADY_S
        child.failures = 0 if steady else child.failures + 1
        child.process = None
        child.ready = False
        child.start_at = now + RESTART_S[min(max(child.failures - 1, 0), len(RESTART_S) - 1)]
        if not self.stopping:
            self._say(f"{child.name} ended ({code}); it is started again")

    def _hear(self, child: Child) -> None:
        assert child.notifier is not None  # it is registered
        try:
            data, handles, _, _ = socket.recv_fds(child.notifier, 4096, 8, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        words = dict(line.split("=", 1) for line in data.decode("utf-8", "replace").splitlines() if "=" in line)
        child.alive_at = time.monotonic()
        if words.get("READY") == "1" and not child.ready:
            child.ready, child.ready_at = True, child.alive_at
        name = words.get("FDNAME", "stored")
        for handle in handles:
            if words.get("FDSTORE") == "1" and name not in child.stored:
                child.stored[name] = handle
            else:
                os.close(handle)
