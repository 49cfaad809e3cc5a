"""Codecs: RTP payloads to samples. One file a codec (or a family), found by the encoding names it claims.

A codec module has

    ENCODINGS                   the encoding names of `a=rtpmap` that it decodes, in capitals
    sample_rate(encoding)       of what it decodes to, Hz
    units(payloads, encoding)   how many units of the RTP clock each payload lasts; 0 for one that is no audio of this codec
    Decoder(encoding)           one instance a stream, kept across gaps:
                                decode(payloads) gives int16 mono samples of payloads that follow one another

`decode` gives exactly as many samples as `units` says; what a decoder refuses inside is silence of its length. Hostile bytes give
noise or silence, and CodecError (the only exception) where nothing at all could be decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance import registry

Ints = NDArray[np.int64]
Samples = NDArray[np.int16]


class CodecError(ValueError):
    """The payloads cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """Payloads where they lie: each begins at `start` in `data` and has `size` octets."""

    data: NDArray[np.uint8]
    start: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.size)

    def __iter__(self) -> Iterator[bytes]:
        for begin, length in zip(self.start.tolist(), self.size.tolist(), strict=True):
            yield self.data[begin : begin + length].tobytes()

    def joined(self) -> bytes:
        """One behind the other."""
        if not len(self):
            return b""
        size = int(self.size[0])
        if len(self) > 1 and np.all(self.size == size):
            steps = np.diff(self.start)
            if np.all(steps == steps[0]):  # the usual case: packets of one length, one behind the other
                first = int(self.start[0])
                table = np.lib.stride_tricks.as_strided(self.data[first:], (len(self), size), (int(steps[0]), 1))
                return table.tobytes()
            return bytes(self.data[self.start[:, None] + np.arange(size)].tobytes())
        return b"".join(self)


class Decoder(Protocol):
    """One stream's decoder."""

    def decode(self, payloads: Payloads) -> Samples:
        """Samples of consecutive payloads. Raises CodecError."""


@cache
def by_encoding() -> dict[str, ModuleType]:
    """Every codec by each of its encoding names."""
    return {name: module for module in registry.members(__name__).values() for name in module.ENCODINGS}
