"""FFmpeg's decoders of codecs without frames: any run of octets is samples. Not a codec (so its name begins with an underscore)."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
from av.error import FFmpegError

from capture.codecs import CodecError, Samples

Prepare = Callable[[av.AudioCodecContext], None]
"""Sets what FFmpeg must know of a stream before it opens the decoder."""


def context_of(name: str, sample_rate: int, prepare: Prepare | None) -> av.AudioCodecContext:
    """FFmpeg's decoder of this name, for one channel."""
    context = av.AudioCodecContext.create(name, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = sample_rate, "mono"
    if prepare is not None:
        prepare(context)
    return context


class StreamDecoder:
    """Keeps the predictor's state from run to run."""

    def __init__(self, name: str, sample_rate: int, prepare: Prepare | None = None) -> None:
        self._name, self._context = name, context_of(name, sample_rate, prepare)

    def decode(self, data: bytes) -> Samples:
        """The samples of these octets. Raises CodecError."""
        if not data:  # which FFmpeg would take for the end of the stream
            return np.empty(0, np.int16)
        try:
            frames = self._context.decode(av.Packet(data))
        except FFmpegError as error:
            raise CodecError(f"{self._name}: {error}") from error
        pieces = [frame.to_ndarray().ravel() for frame in frames]
        return np.concatenate(pieces).astype(np.int16, copy=False) if pieces else np.empty(0, np.int16)
