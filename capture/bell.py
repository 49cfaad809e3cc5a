"""Hears the INVITEs of an interface at once: a second packet socket beside the ring, which nothing else passes.

The ring hands its frames over a few hundredths of a second late and is looked at as seldom, which costs little. Whoever shall know
that a telephone rings waits for neither. What is heard here only foretells (`foretold.py`): the same frame stands in the ring too, and
what it means is decided there, in its turn. So nothing is lost where this socket cannot be opened, or is too slow. Calls whose INVITE
comes over TCP, in fragments or through a tunnel are not foretold.
"""

from __future__ import annotations

import logging
import socket
import struct

from capture import bpf
from capture.ring import ETH_P_ALL, attach

SO_TIMESTAMPNS = 35
_TIME = struct.Struct("=qq")
_SPACE = 64
MAX_FRAME = 65536
MOST = 100
"""A second: a flood of INVITEs must not cost more than the ring alone."""

log = logging.getLogger(__name__)


class Bell:
    """The INVITEs of one interface."""

    def __init__(self, interface: str) -> None:
        self._socket: socket.socket | None = None
        self._left = MOST
        try:
            self._socket = _listening(interface)
        except OSError as error:
            log.warning("%s: calls are announced a moment later (%s)", interface, error.strerror)

    def filenos(self) -> list[int]:
        """Readable when one came; none where we do not listen, or heard too many in this second."""
        return [self._socket.fileno()] if self._socket is not None and self._left else []

    def renew(self) -> None:
        """A second is over."""
        if not self._left:
            while self._receive() is not None:
                pass
        self._left = MOST

    def take(self) -> list[tuple[bytes, int]]:
        """(frame, time in ns) of those that came, as the ring will tell them but for the VLAN tag that the kernel took out."""
        found = []
        while self._left and (heard := self._receive()) is not None:
            self._left -= 1
            found.append(heard)
        return found

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()

    def _receive(self) -> tuple[bytes, int] | None:
        if self._socket is None:
            return None
        try:
            frame, told, _, _ = self._socket.recvmsg(MAX_FRAME, _SPACE)
        except OSError:  # nothing more, or the interface is down, which the ring's socket tells
            return None
        for level, kind, data in told:
            if (level, kind, len(data)) == (socket.SOL_SOCKET, SO_TIMESTAMPNS, _TIME.size):
                second, nanosecond = _TIME.unpack(data)
                return frame, second * 1_000_000_000 + nanosecond
        return None


def _listening(interface: str) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        attach(found, bpf.invites())
        found.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        found.bind((interface, ETH_P_ALL))
    except OSError:
        found.close()
        raise
    return found
