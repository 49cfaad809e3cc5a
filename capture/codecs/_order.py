"""Which of two decodings of the same octets is speech. Not a codec (so its name begins with an underscore).

Codes that are taken in a wrong order make sound that is flatter in its spectrum: more like noise. Spectral flatness is the geometric mean
of a spectrum's power over its arithmetic mean; here of frames of 25 ms, so that what is loud counts. How much flatter the wrong order is
depends on the codec, so the codec says from when on that decides; what is noise is equally flat in both, and there nothing is decided.
"""

from __future__ import annotations

import math

import numpy as np

from capture.codecs import Samples

FRAME = 200
"""Samples: 25 ms at 8 kHz."""
LEAST, MOST = 160, 1200
"""Frames to be heard before anything is decided, and after which nothing is: 4 and 30 seconds."""


class Order:
    """What was heard of two decodings so far."""

    def __init__(self, decides: float) -> None:
        """`decides`: how much flatter, as a natural logarithm, the wrong order is at the least."""
        self._decides = decides
        self._frames = 0
        self._told, self._other = np.zeros(2), np.zeros(2)

    def hear(self, told: Samples, other: Samples) -> None:
        """The next samples of both."""
        self._frames += len(told) // FRAME
        self._told += _means(told)
        self._other += _means(other)

    @property
    def other_is_speech(self) -> bool:
        """Whether the announced order has turned out to be the wrong one."""
        return self._frames >= LEAST and _flatness(self._told) - _flatness(self._other) > self._decides

    @property
    def is_over(self) -> bool:
        """Whether enough was heard."""
        return self._frames >= MOST


def _means(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Geometric and arithmetic mean of each frame's spectrum, summed over the frames."""
    table = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(table, 512)) ** 2 + 1.0
    return np.array([np.exp(np.log(power).mean(axis=1)).sum(), power.mean(axis=1).sum()])


def _flatness(means: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return math.log(means[0] / means[1])
