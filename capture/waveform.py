"""The outline of a recording, for the console's player: peaks of both channels, drawn without decoding again. Pure."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

POINTS_A_SECOND = 10
MAX_POINTS = 4000


class Waveform:
    """Gathers peaks while the recording is written."""

    def __init__(self, sample_rate: int) -> None:
        self._bucket = sample_rate // POINTS_A_SECOND
        self._rest = np.empty((0, 2), np.int16)
        self._peaks: list[NDArray[np.int32]] = []

    def add(self, stereo: NDArray[np.int16]) -> None:
        """The next samples, shape (samples, 2)."""
        joined = np.concatenate([self._rest, stereo])
        whole = len(joined) // self._bucket * self._bucket
        if whole:
            self._peaks.append(_peaks(joined[:whole], self._bucket))
        self._rest = joined[whole:]

    def encode(self) -> dict[str, str | int]:
        """Peaks as one byte each (square root scale, so that quiet speech shows), base64, channel by channel."""
        if len(self._rest):
            self._peaks.append(_peaks(self._rest, len(self._rest)))
            self._rest = self._rest[:0]
        peaks = np.concatenate(self._peaks) if self._peaks else np.zeros((0, 2), np.int32)
        if len(peaks) > MAX_POINTS:
            step = -(-len(peaks) // MAX_POINTS)
            padded = np.pad(peaks, ((0, -len(peaks) % step), (0, 0)))
            peaks = padded.reshape(-1, step, 2).max(axis=1)
        shown = np.round(np.sqrt(peaks / 32768.0) * 255).astype(np.uint8)
        return {
            "points": len(shown),
            "left": base64.b64encode(shown[:, 0].tobytes()).decode(),
            "right": base64.b64encode(shown[:, 1].tobytes()).decode(),
        }


def _peaks(stereo: NDArray[np.int16], bucket: int) -> NDArray[np.int32]:
    """The loudest of each so many samples, channel by channel: contiguous, so that NumPy's vector instructions are used."""
    peaks = np.empty((len(stereo) // bucket, 2), np.int32)
    for channel in (0, 1):
        table = np.ascontiguousarray(stereo[:, channel]).reshape(-1, bucket)
        highest, lowest = table.max(axis=1).astype(np.int32), table.min(axis=1).astype(np.int32)
        peaks[:, channel] = np.maximum(highest, -lowest)
    return peaks
