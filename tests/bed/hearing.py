"""What was heard compared with what was said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Match(NamedTuple):
    """How well a recorded channel fits a spoken track."""

    correlation: float
    """After alignment, 1.0 is the same."""
    lag: int
    """Samples by which the recording is behind the track."""


def match(spoken: NDArray[np.int16], heard: NDArray[np.int16]) -> Match:
    """Align `heard` to `spoken` (both int16 at one rate) by their cross-correlation, and compare where they overlap."""
    size = 1 << (len(spoken) + len(heard)).bit_length()
    left, right = spoken.astype(np.float64), heard.astype(np.float64)
    cross = np.fft.irfft(np.fft.rfft(right, size) * np.conj(np.fft.rfft(left, size)), size)
    lag = int(cross.argmax())
    lag = lag - size if lag >= len(right) else lag
    begin, end = max(0, lag), min(len(right), len(left) + lag)
    a, b = left[begin - lag : end - lag], right[begin:end]
    return Match(float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) or 1.0)), lag)
