"""Formats of recordings. One file a format, named as the configuration names it.

A format module has

    EXTENSION           of files, without a dot
    MEDIA_TYPE          for browsers
    encoder(file, sample_rate, kilobits, complexity=10)
                        an object with write(stereo) and close(); `file` is a writable binary file that can seek within its first
                        64 KiB; complexity from 0 to 10 where the format has such a choice
    decode(file)        (sample rate, an iterator of int16 arrays of shape (samples, 2)) from a readable, seekable binary file

Samples are int16, shape (samples, 2): left the caller, right the called party.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Stereo = NDArray[np.int16]
Decoded = tuple[int, Iterator[Stereo]]


class FormatError(ValueError):
    """The file is not of this format, or is damaged."""


class Encoder(Protocol):
    """Writes one recording."""

    def write(self, stereo: Stereo) -> None:
        """The next samples."""

    def close(self) -> None:
        """Finish the file."""
