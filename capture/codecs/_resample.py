"""Sampling rates brought together, by FFmpeg's libswresample. Not a codec (so its name begins with an underscore)."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray


def resample(samples: NDArray[np.int16], source: int, target: int) -> NDArray[np.int16]:
    """Mono samples at another rate: exactly `len · target / source` of them, rounded."""
    if source == target or not len(samples):
        return samples
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = source
    resampler = av.AudioResampler(format="s16", layout="mono", rate=target)
    pieces = [piece.to_ndarray().ravel() for part in (frame, None) for piece in resampler.resample(part)]
    out = np.concatenate(pieces) if pieces else np.empty(0, np.int16)
    wanted = (len(samples) * target + source // 2) // source
    return np.pad(out, (0, max(0, wanted - len(out))))[:wanted].astype(np.int16, copy=False)
