"""What is sent: a file or a stretch of one, read as it leaves.

Whoever must know how many bytes leave (the bandwidth limit, the lease of a job) is told before they do, and may make them wait. A store
that reads the bytes for another reason first (to sign them) says so by `hush`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.seeking import Seeking

PIECE = 1 << 16
"""No more than this leaves at once, so that a limit is kept evenly."""


def _freely(count: int) -> None:
    """Bytes leave as they come."""


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of a file: from `start`, `size` bytes (to its end where negative), with its SHA-256."""

    path: Path
    sha256: str = ""
    start: int = 0
    size: int = -1
    leaving: Callable[[int], None] = _freely
    """Called with the number of bytes that are about to leave."""

    def open(self) -> Slice:
        """Open it for sending. Raises OSError."""
        return Slice(self)

    def metered(self, leaving: Callable[[int], None]) -> Source:
        """The same bytes, of which this is told too."""
        before = self.leaving

        def both(count: int) -> None:
            before(count)
            leaving(count)

        return replace(self, leaving=both)


class Slice(Seeking):
    """The open stretch: it begins at 0 and ends at `size`, wherever it lies in the file."""

    def __init__(self, source: Source) -> None:
        self._leaving, self._start = source.leaving, source.start
        self.sha256 = source.sha256
        """What it was hashed to before; "" where nobody knows."""
        self._file = source.path.open("rb", buffering=0)
        there = max(0, os.fstat(self._file.fileno()).st_size - source.start)
        super().__init__(there if source.size < 0 else min(there, source.size))
        self._quiet = False

    def __len__(self) -> int:
        return self.size

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read on, and say so before the bytes are handed out."""
        wanted = min(len(buffer), self.size - self._position)
        if not self._quiet:
            wanted = min(wanted, PIECE)
        if wanted <= 0:
            return 0
        piece = os.pread(self._file.fileno(), wanted, self._start + self._position)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        if piece and not self._quiet:
            self._leaving(len(piece))
        return len(piece)

    def pieces(self) -> Iterator[bytes]:
        """What is left, piece by piece."""
        while piece := self.read(PIECE):
            yield piece

    def hush(self, quiet: bool) -> None:
        """From now on what is read leaves the box, or does not."""
        self._quiet = quiet

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
