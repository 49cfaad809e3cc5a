"""FFmpeg's decoders, fed frame by frame, so that a damaged frame costs only itself. Not a codec (so its name begins with an underscore)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import av
import numpy as np
from av.error import FFmpegError

from capture.codecs import CodecError, Samples
from capture.codecs._stream import Prepare, context_of


class Frame(NamedTuple):
    """One coded frame; without `data` it is silence."""

    data: bytes
    samples: int
    """How many samples it lasts."""


class FrameDecoder:
    """One stream's decoder."""

    def __init__(self, name: str, sample_rate: int, prepare: Prepare | None = None) -> None:
        self._name, self._context = name, context_of(name, sample_rate, prepare)

    def decode(self, frames: Iterable[Frame]) -> Samples:
        """Samples of these frames, each of its length. Raises CodecError where there is coded data and none of it can be decoded."""
        pieces: list[Samples] = []
        good = bad = 0
        for frame in frames:
            samples = self._one(frame.data) if frame.data else None
            good += samples is not None
            bad += samples is None and bool(frame.data)
            pieces.append(_exactly(samples, frame.samples))
        if bad and not good:
            raise CodecError(f"{self._name}: none of {bad} frames could be decoded")
        return np.concatenate(pieces) if pieces else np.empty(0, np.int16)

    def _one(self, data: bytes) -> Samples | None:
        try:
            found = [mono(part) for part in self._context.decode(av.Packet(data))]
        except FFmpegError:
            return None
        return np.concatenate(found) if found else None


def mono(frame: av.AudioFrame) -> Samples:
    """A decoded frame as 16-bit samples of one channel: several are averaged."""
    table = frame.to_ndarray()
    if not frame.format.is_planar:
        table = table.reshape(-1, len(frame.layout.channels)).T
    if table.dtype == np.int16 and len(table) == 1:
        return np.asarray(table[0])
    level = table.astype(np.float64).mean(axis=0)
    if table.dtype.kind == "f":
        level = np.nan_to_num(level * 32768.0)
    samples: Samples = np.clip(np.rint(level), -32768, 32767).astype(np.int16)
    return samples


def _exactly(samples: Samples | None, length: int) -> Samples:
    """These samples, cut or filled up with silence."""
    out = np.zeros(length, np.int16)
    if samples is not None:
        out[: len(samples)] = samples[:length]
    return out
