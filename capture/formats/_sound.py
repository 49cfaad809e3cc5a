"""libsndfile on a file of ours, with that file's own errors.

libsndfile's call-backs pass no error on: a full disk would look like a bug of the encoder, a changed chunk of a sealed file like the
end of the recording. So the first error of the file below is kept, and raised as soon as libsndfile returns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import IO, TypeVar

import soundfile

from capture.formats import FormatError, Stereo

PIECE = 1 << 16
_Given = TypeVar("_Given")


class Below:
    """The file below: from its first error on it is left alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: OSError | ValueError | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._do(lambda: self._file.read(size), b"")

    def write(self, data: bytes) -> int:
        """Add bytes."""
        return self._do(lambda: self._file.write(data), 0)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        return self._do(lambda: self._file.seek(offset, whence), 0)

    def tell(self) -> int:
        """The position."""
        return self._do(self._file.tell, 0)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Raise what the file raised, whatever libsndfile made of it; else FormatError for libsndfile's own errors."""
        try:
            yield
        except (soundfile.SoundFileError, AssertionError) as error:  # its assertion: fewer samples written than given
            raise self._error or FormatError(f"cannot be read or written by libsndfile ({error})") from error
        if self._error is not None:
            raise self._error

    def _do(self, what: Callable[[], _Given], instead: _Given) -> _Given:
        if self._error is None:
            try:
                return what()
            except (OSError, ValueError) as error:
                self._error = error
        return instead


class Writer:
    """A stereo sound file (`form`: FLAC or WAV, 16 bits) that is being written; `effort` from 0 to 1 where the form has one."""

    def __init__(self, file: IO[bytes], sample_rate: int, form: str, effort: float | None = None) -> None:
        self._below = Below(file)
        with self._below.told():
            self._sound = soundfile.SoundFile(
                self._below, "w", sample_rate, 2, subtype="PCM_16", format=form, compression_level=effort
            )

    def write(self, stereo: Stereo) -> None:
        """The next samples. Raises what the file raises."""
        with self._below.told():
            self._sound.write(stereo)

    def close(self) -> None:
        """Write the length and checksum into the header. Raises what the file raises."""
        with self._below.told():
            self._sound.close()


def read(file: IO[bytes]) -> tuple[int, Iterator[Stereo]]:
    """Sample rate and pieces of a sound file. Raises FormatError, or what the file raises."""
    below = Below(file)
    with below.told():
        sound = soundfile.SoundFile(below)
    return int(sound.samplerate), _pieces(sound, below)


def _pieces(sound: soundfile.SoundFile, below: Below) -> Iterator[Stereo]:
    with sound:
        while True:
            with below.told():
                piece = sound.read(PIECE, dtype="int16", always_2d=True)
            if not len(piece):
                return
            yield piece
