"""A spool whose disk refuses as it is told: in the middle of a block, as a full disk does. What it takes it writes to real files."""

from __future__ import annotations

from pathlib import Path

from appliance.ids import CallId
from capture.spool import Reel, SpoolError


class StubbornReel(Reel):
    """A reel that counts its writes and its syncs, and fails those whose number (from 0) is in `failing` or `unsynced`."""

    def __init__(self, spool: Path, name: str, failing: set[int] | None = None) -> None:
        super().__init__(spool, name)
        self.failing = failing or set()
        self.unsynced: set[int] = set()
        self.writes = 0
        self.syncs = 0

    def sync(self) -> None:
        """Make durable, or fail."""
        number, self.syncs = self.syncs, self.syncs + 1
        if number in self.unsynced:
            raise SpoolError(f"{self.folder}: the disk failed to write (told so)")
        super().sync()

    def _append(self, call: CallId, name: str, pieces: list[bytes]) -> None:
        number, self.writes = self.writes, self.writes + 1
        if number not in self.failing:
            super()._append(call, name, pieces)
            return
        data = b"".join(pieces)
        super()._append(call, name, [data[: len(data) // 2]])
        raise SpoolError(f"{self.folder / call}: the spool cannot be written (told so)")
