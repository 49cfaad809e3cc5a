"""Taking a capture: an interface's frames, trimmed (`trimming.py`), into a pcap file, for so long and so many bytes at most.

It listens on a ring of its own beside the tap's, so a capture takes nothing from a recording. The file is written in
nanosecond pcap (draft-ietf-opsawg-pcap, §4), where a frame says how long it was before it was trimmed.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable
from typing import IO, NamedTuple

from capture.pcapfile import Captured
from capture.ring import Ring, open_socket
from capture.trimming import MAX_FRAME, Trimmer

MEGABYTES = 16
LOOK_S = 0.2
HEAD = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
_RECORD = struct.Struct("<IIII")


class Taken(NamedTuple):
    """What came of it."""

    seconds: float
    ended: str
    """`time`, `size`, or `asked`."""
    dropped: int
    """By the kernel, for want of room."""


class Writer:
    """A pcap file that ends before it has more than so many bytes."""

    def __init__(self, file: IO[bytes], trimmer: Trimmer, most: int) -> None:
        self._file, self._trimmer, self._most = file, trimmer, most
        self.bytes = file.write(HEAD)
        self.frames = 0

    def add(self, captured: Iterable[Captured]) -> bool:
        """Write what may be written of these frames; whether there was room for all."""
        for link, frame, at in captured:
            shown = self._trimmer.frame(link, frame, at)
            if shown is None:
                continue
            piece = shown.frame[:MAX_FRAME]
            if self.bytes + _RECORD.size + len(piece) > self._most:
                return False
            second, rest = divmod(at, 1_000_000_000)
            self.bytes += self._file.write(
                _RECORD.pack(second & 0xFFFFFFFF, rest, len(piece), max(shown.length, len(piece))) + piece
            )
            self.frames += 1
        return True


def take(interface: str, writer: Writer, seconds: float, stop: Callable[[], bool], begun: Callable[[], None]) -> Taken:
    """Listen so long, or until told to stop; `begun` is called once the interface is listened on. Raises RingError."""
    with open_socket(interface, MEGABYTES) as packets:
        ring = Ring(packets)
        began = time.monotonic()
        begun()
        ended = ""
        try:
            while not ended:
                ring.wait(min(LOOK_S, seconds))
                room = writer.add(ring.drain(64))
                ring.release()
                ended = "size" if not room else "asked" if stop() else "time" if time.monotonic() - began >= seconds else ""
            _, dropped = ring.statistics()
        finally:
            ring.close()
    return Taken(round(time.monotonic() - began, 1), ended, dropped)
