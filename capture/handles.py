"""The open files of a reel: appended to by name, the one that was not used for longest is closed where there are too many."""

from __future__ import annotations

import os
import resource
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

SPARE = 256
"""File descriptors that are left to everything else."""
MOST = 32_768


class Handles:
    """Files below `folder`, one folder a call, opened for appending when they are first written to."""

    def __init__(self, folder: Path, most: int = 0) -> None:
        self._folder = str(folder)
        self._open: OrderedDict[str, int] = OrderedDict()
        self._of_call: dict[str, set[str]] = {}
        self._most = most or _allowed()

    def __len__(self) -> int:
        return len(self._open)

    def append(self, call: str, name: str, pieces: Sequence[bytes]) -> None:
        """Write these pieces at the end of the call's file. Raises OSError; what was written before it stays."""
        place = f"{call}/{name}"
        handle = self._open.get(place)
        if handle is None:
            handle = self._opened(call, place)
        else:
            self._open.move_to_end(place)
        try:
            written = os.writev(handle, pieces)
            if written < sum(map(len, pieces)):
                _write_all(handle, memoryview(b"".join(pieces))[written:])
        except OSError:
            self._close(call, place)
            raise

    def close_call(self, call: str) -> None:
        """Close the files of a call."""
        for place in self._of_call.pop(call, set()):
            os.close(self._open.pop(place))

    def close(self) -> None:
        """Close every file."""
        for call in list(self._of_call):
            self.close_call(call)

    def _opened(self, call: str, place: str) -> int:
        while len(self._open) >= self._most:
            longest = next(iter(self._open))
            self._close(longest.split("/", 1)[0], longest)
        if call not in self._of_call:
            Path(self._folder, call).mkdir(
                exist_ok=True, mode=0o770
            )  # the janitor removes it, recovery goes on in it: both by the group
        handle = os.open(f"{self._folder}/{place}", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o660)
        self._open[place] = handle
        self._of_call.setdefault(call, set()).add(place)
        return handle

    def _close(self, call: str, place: str) -> None:
        os.close(self._open.pop(place))
        places = self._of_call[call]
        places.discard(place)
        if not places:
            del self._of_call[call]


def _write_all(handle: int, rest: memoryview) -> None:
    while rest:
        rest = rest[os.write(handle, rest) :]


def _allowed() -> int:
    """How many files may be open: nearly all that the system allows this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, MOST + SPARE) if hard != resource.RLIM_INFINITY else MOST + SPARE
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(16, min(MOST, soft - SPARE))
