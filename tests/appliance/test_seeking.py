"""A file that is read at any place stands where it was moved to, never before its beginning."""

from __future__ import annotations

import io
import os

from hypothesis import given
from hypothesis import strategies as st

from appliance.seeking import Seeking

BODY = bytes(range(100))


class Text(Seeking):
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = BODY[self._position : self._position + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def test_it_can_be_read_and_sought() -> None:
    with Text(len(BODY)) as file:
        assert file.readable() and file.seekable() and not file.writable()
        assert io.BufferedReader(file).read() == BODY


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 40)), max_size=10), st.integers(0, 120))
def test_it_reads_as_a_file_in_memory_does(steps: list[tuple[int, int]], back: int) -> None:
    file, model = Text(len(BODY)), io.BytesIO(BODY)
    for place, count in steps:
        assert file.seek(place) == model.seek(place)
        assert file.read(count) == model.read(count)
        assert file.tell() == model.tell()
    assert file.seek(-back, os.SEEK_END) == max(0, len(BODY) - back) == file.tell()
    assert file.seek(0, os.SEEK_CUR) == file.tell()
