"""Doorbells: one-byte unix datagrams that say "look at the ledger now" (design, picture at the top).

A ring may be lost; whoever waits also looks by itself every few seconds. So nothing here ever raises because of a bell:
ringing is best effort, and a bell that cannot be hung leaves the owner with its regular look.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

from appliance import shelf


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A name for `folder` that fits into sun_path (108 bytes) however deep it lies."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def ring(run: Path, *names: str) -> None:
    """Ring the bells of these services; without names, every bell that hangs in `run`."""
    try:
        with _short(run) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            bells = [f"{name}.sock" for name in names] or [path.name for path in Path(folder).glob("*.sock")]
            for bell in bells:
                with contextlib.suppress(OSError):
                    sender.sendto(b"!", f"{folder}/{bell}")
    except OSError:
        return


def answers(bell: Path) -> bool:
    """Whether somebody listens at this bell now."""
    try:
        with _short(bell.parent) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            sender.connect(f"{folder}/{bell.name}")
    except OSError:
        return False
    return True


class Doorbell:
    """One service's bell: hung in the run folder, waited on with a time-out."""

    def __init__(self, run: Path, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.suppress(OSError):
            run.mkdir(parents=True, exist_ok=True, mode=0o750)
            with _short(run) as folder:
                shelf.remove(Path(folder) / f"{name}.sock")
                self._socket.bind(f"{folder}/{name}.sock")

    def fileno(self) -> int:
        """For select and event loops."""
        return self._socket.fileno()

    def wait(self, timeout: float, *also: int) -> bool:
        """Wait until the bell rings, one of the other descriptors is readable, or `timeout` seconds are over.

        Returns whether the bell rang; however often it rang, it counts as once.
        """
        ready, _, _ = select.select([self.fileno(), *also], [], [], max(timeout, 0.0))
        return self.fileno() in ready and self._drain()

    async def wait_async(self, seconds: float) -> bool:
        """The same for the web's event loop."""
        import asyncio  # only the web has a loop: every other service starts a tenth sooner without it

        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(loop.sock_recv(self._socket, 16), seconds)
        except TimeoutError:
            return False
        self._drain()
        return True

    def close(self) -> None:
        """Take the bell down."""
        self._socket.close()

    def _drain(self) -> bool:
        rang = False
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(16):
                rang = True
        return rang
