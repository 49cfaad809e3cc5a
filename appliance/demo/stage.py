"""A pair of virtual interfaces for the demonstration: what is played into one end is live traffic on the other.

No address is given to either end, so nothing but the tap ever looks at what is played. Needs root; where it may not be made the
demonstration says so and replays the samples instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

_TAP, _PLAY = "apltap", "aplplay"


class StageError(Exception):
    """The pair cannot be made; the text says why."""


class Stage:
    """The pair, as long as the object is entered."""

    def __init__(self) -> None:
        self.tap = f"{_TAP}{os.getpid()}"
        self.play = f"{_PLAY}{os.getpid()}"

    def __enter__(self) -> Stage:
        _remove_orphans()
        if shutil.which("ip") is None:
            raise StageError("the program `ip` is missing (apt install iproute2)")
        try:
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
        except PermissionError as error:
            raise StageError("a raw socket needs root") from error
        _ip("link", "add", self.tap, "type", "veth", "peer", "name", self.play)
        for end in (self.tap, self.play):
            with contextlib.suppress(OSError):
                Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1")
            _ip("link", "set", end, "up")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "link", "del", self.tap], capture_output=True, check=False)  # noqa: S603, S607


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise StageError(f"a pair of virtual interfaces cannot be made: {done.stderr.strip()}")


def _remove_orphans() -> None:
    """Pairs of demonstrations that were killed."""
    for path in Path("/sys/class/net").glob(f"{_TAP}[0-9]*"):
        pid = path.name.removeprefix(_TAP)
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            subprocess.run(["ip", "link", "del", path.name], capture_output=True, check=False)  # noqa: S603, S607
