"""What was heard compared with what was said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ASTRAY_S = 0.3


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


def likeness(spoken: NDArray[np.int16], heard: NDArray[np.int16], rate: int) -> float:
    """How well these words are heard, 1.0 is the same. Half seconds are compared one by one, each within `ASTRAY_S` of where the whole is
    heard best: a sender that fell behind for some milliseconds and never caught up has said the same words.
    """
    lag, reach, size = match(spoken, heard).lag, int(ASTRAY_S * rate), rate // 2
    padded = np.pad(heard, len(spoken) + reach).astype(np.float64)
    found = weight = 0.0
    for begin in range(0, len(spoken) - size + 1, size):
        piece = spoken[begin : begin + size].astype(np.float64)
        place = len(spoken) + lag + begin
        around = padded[place : place + size + 2 * reach]
        power = np.concatenate([[0.0], np.cumsum(around**2)])
        norms = np.sqrt(np.maximum(power[size:] - power[:-size], 1.0))
        span = 1 << (len(around) + size).bit_length()
        cross = np.fft.irfft(np.fft.rfft(around, span) * np.conj(np.fft.rfft(piece, span)), span)[: len(norms)]
        energy = float(np.linalg.norm(piece))
        found, weight = found + float((cross / norms).max()), weight + energy
    return found / (weight or 1.0)
