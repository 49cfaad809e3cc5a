"""A file of ours that is read at any place: where it stands, and how it is moved. What a byte is, each kind says itself."""

from __future__ import annotations

import io
import os


class Seeking(io.RawIOBase):
    """The position within `size` bytes. A kind of it adds `readinto` (from `self._position`, which it moves on)."""

    def __init__(self, size: int = 0) -> None:
        super().__init__()
        self.size = size
        """Bytes in all."""
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; nothing is read. A place behind the end is no error, there is nothing to read there."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position
