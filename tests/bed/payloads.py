"""Payloads as they lie on the spool, for tests of codecs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from capture.codecs import Payloads


def payloads_of(payloads: Sequence[bytes], between: bytes = b"") -> Payloads:
    """These payloads, each behind `between`."""
    size = np.array([len(payload) for payload in payloads], dtype=np.int64)
    step = size + len(between)
    data = np.frombuffer(b"".join(between + payload for payload in payloads), np.uint8)
    return Payloads(data, np.cumsum(step) - step + len(between), size)
