"""A cable: a pair of virtual interfaces in a network namespace of its own. What goes in at one end comes out at the other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TypeVar

from tests.bed.namespace import inside

NEAR, FAR = "near", "far"
Given = TypeVar("Given")


class Wire:
    """The pair `near` and `far`, as long as the object is entered."""

    def __init__(self) -> None:
        self.name = f"wire{os.getpid()}"

    def __enter__(self) -> Wire:
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "add", NEAR, "type", "veth", "peer", "name", FAR)
        for end in (NEAR, FAR):
            setting = f"net.ipv6.conf.{end}.disable_ipv6=1"
            subprocess.run(["ip", "netns", "exec", self.name, "sysctl", "-qw", setting], capture_output=True)
            _ip("-n", self.name, "link", "set", end, "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _ip("netns", "del", self.name)

    def down(self, end: str) -> None:
        """Switch one end off."""
        _ip("-n", self.name, "link", "set", end, "down")

    def received(self, end: str) -> int:
        """Frames that came to this end so far."""
        done = subprocess.run(["ip", "-n", self.name, "-s", "-j", "link", "show", end], check=True, capture_output=True)
        return int(json.loads(done.stdout)[0]["stats64"]["rx"]["packets"])

    def inside(self, work: Callable[[], Given]) -> Given:
        """What `work` gives when it is done in the namespace."""
        return inside(self.name, work)

    def sender(self, end: str = FAR) -> socket.socket:
        """A socket that sends whole Ethernet frames into this end."""

        def make() -> socket.socket:
            found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            found.bind((end, 0))
            return found

        return self.inside(make)

    def send(self, frames: Iterable[bytes], end: str = FAR) -> None:
        """Send these frames."""
        with self.sender(end) as sender:
            for frame in frames:
                sender.send(frame)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
