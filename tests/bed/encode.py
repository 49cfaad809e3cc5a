"""Tracks as raw payloads of a codec, for SIPp's rtp_stream. The encoders are FFmpeg's, not ours: tests must not check us by ourselves."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CODECS = {"PCMU": ("pcm_mulaw", 8000, 0), "PCMA": ("pcm_alaw", 8000, 8), "G722": ("g722", 16000, 9)}


def encode(samples: NDArray[np.int16], rate: int, codec: str) -> bytes:
    """The samples (int16 mono at `rate`) as payload bytes."""
    name, target, _ = CODECS[codec]
    context = av.AudioCodecContext.create(name, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = target, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=target)
    packets = [bytes(packet) for part in (frame, None) for piece in resampler.resample(part) for packet in context.encode(piece)]
    return b"".join(packets)


def write(path: Path, samples: NDArray[np.int16], rate: int, codec: str) -> None:
    """The payload bytes as a file."""
    path.write_bytes(encode(samples, rate, codec))


def spoken(samples: NDArray[np.int16], rate: int, target: int) -> NDArray[np.int16]:
    """The samples at another rate, to compare with."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=target)
    return np.concatenate([piece.to_ndarray().ravel() for part in (frame, None) for piece in resampler.resample(part)])
