"""Codecs: RTP payloads to samples. One file a codec, named as its encoding is in SDP, in lower case.

A codec module has

    ENCODING      the encoding name of its `a=rtpmap`, in capitals
    SAMPLE_RATE   of what it decodes to, Hz
    units(sizes)  how many units of the RTP clock payloads of these sizes (octets) last
    Decoder       a class; one instance a stream, kept across gaps:
                  decode(data, sizes) gives int16 mono samples of payloads that follow one another, joined in `data`

Hostile bytes give noise or fewer samples, never another exception than CodecError.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance import registry


class CodecError(ValueError):
    """The payloads cannot be decoded."""


class Decoder(Protocol):
    """One stream's decoder."""

    def decode(self, data: bytes, sizes: NDArray[np.int64]) -> NDArray[np.int16]:
        """Samples of consecutive payloads."""


@cache
def by_encoding() -> dict[str, ModuleType]:
    """Every codec by its encoding name."""
    return {module.ENCODING: module for module in registry.members(__name__).values()}
