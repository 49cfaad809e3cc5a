"""G722: 64 kbit/s wideband (ITU-T G.722), decoded by FFmpeg.

It samples at 16 kHz while its RTP clock counts 8 kHz, an error of RFC 1890 that RFC 3551 §4.5.2 keeps for compatibility: one octet
is one unit of the clock and two samples.
"""

from __future__ import annotations

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from capture.codecs import CodecError

ENCODING = "G722"
SAMPLE_RATE = 16000


def units(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """One octet is one unit of the RTP clock."""
    return sizes


class Decoder:
    """Keeps the predictor's state from payload to payload."""

    def __init__(self) -> None:
        self._context = av.AudioCodecContext.create("g722", "r")

    def decode(self, data: bytes, sizes: NDArray[np.int64]) -> NDArray[np.int16]:
        """Two samples for each octet. Raises CodecError."""
        if not data:  # which FFmpeg would take for the end of the stream
            return np.empty(0, np.int16)
        try:
            frames = self._context.decode(av.Packet(data))
        except FFmpegError as error:
            raise CodecError(f"G.722: {error}") from error
        pieces = [frame.to_ndarray().ravel() for frame in frames]
        return np.concatenate(pieces).astype(np.int16, copy=False) if pieces else np.empty(0, np.int16)
