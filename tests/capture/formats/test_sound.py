"""What the file below libsndfile raises is raised to whoever writes or reads: a full disk and a changed chunk keep their names."""

from __future__ import annotations

import errno
import io
import os
from typing import IO, cast

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.keys import Identity
from appliance.sealed import SealedError, SealedReader, seal
from capture.formats import FormatError
from capture.formats._sound import PIECE, Writer, read

IDENTITY = Identity.new("somebody")


class FullDisk(io.BytesIO):
    """A file on a disk with room for so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.touched_since = 0
        """How often somebody came back after the first error."""
        self._failed = False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Add bytes, while there is room."""
        self.touched_since += self._failed
        if self.tell() + len(data) > self.room:
            self._failed = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def noise(samples: int) -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-20_000, 20_000, (samples, 2)).astype(np.int16)


def written(form: str, sound: NDArray[np.int16], rate: int = 8000) -> bytes:
    file = io.BytesIO()
    writer = Writer(file, rate, form)
    for begin in range(0, len(sound), 10_000):
        writer.write(sound[begin : begin + 10_000])
    writer.close()
    return file.getvalue()


@pytest.mark.parametrize("form", ["FLAC", "WAV"])
@pytest.mark.parametrize("samples", [1, 100, PIECE, 3 * PIECE + 5])
def test_what_is_written_is_read_by_the_reference_and_by_us(form: str, samples: int) -> None:
    sound = noise(samples)
    body = written(form, sound, 16000)
    theirs, rate = soundfile.read(io.BytesIO(body), dtype="int16", always_2d=True)
    assert rate == 16000
    assert np.array_equal(theirs, sound)
    found, pieces = read(io.BytesIO(body))
    assert found == 16000
    ours = list(pieces)
    assert all(len(piece) <= PIECE for piece in ours)
    assert np.array_equal(np.concatenate([np.zeros((0, 2), np.int16), *ours]), sound)


@pytest.mark.parametrize("form", ["FLAC", "WAV"])
@pytest.mark.parametrize("room", [0, 10, 50, 5_000, 100_000])
def test_a_full_disk_is_a_full_disk_to_the_writer(form: str, room: int) -> None:
    file = FullDisk(room)
    with pytest.raises(OSError, match="No space left on device"):
        writer = Writer(file, 8000, form)
        for _ in range(20):
            writer.write(noise(10_000))
        writer.close()
    assert file.touched_since == 0, "after its first error the file is left alone"


def test_a_changed_chunk_is_no_early_end() -> None:
    body = written("FLAC", noise(120_000))
    sealed = bytearray(seal(body, [IDENTITY.recipient]))
    sealed[len(sealed) // 2] ^= 1
    clear = cast(IO[bytes], SealedReader(io.BytesIO(bytes(sealed)), [IDENTITY]))
    with pytest.raises(SealedError, match="was changed or cut"):
        list(read(clear)[1])


@pytest.mark.parametrize("body", [b"", b"fLaC", b"rubbish" * 1000, b"RIFF" + bytes(100)])
def test_what_is_no_sound_file_is_said_so(body: bytes) -> None:
    with pytest.raises(FormatError):
        list(read(io.BytesIO(body))[1])


def test_a_cut_file_gives_what_it_holds_or_says_so() -> None:
    sound = noise(50_000)
    body = written("FLAC", sound)
    found: list[NDArray[np.int16]] = []
    with pytest.raises(FormatError):
        found.extend(read(io.BytesIO(body[: len(body) // 2]))[1])
        raise FormatError("it gave what it holds")
    joined = np.concatenate([np.zeros((0, 2), np.int16), *found])
    assert np.array_equal(joined, sound[: len(joined)])
