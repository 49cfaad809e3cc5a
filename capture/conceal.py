"""Sound for what was lost on the way, where that was short: interpolated from both sides of the gap, at the pitch of either. Pure, NumPy.

In the spirit of ITU-T G.711 Appendix I, which continues the last period of the pitch; a recording also knows what comes behind the gap, so
the continuation forth is blended into one back. What was received stays as it is. Nothing is invented beyond 60 ms: that is silence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_S = 0.060
"""Longer gaps stay silent."""
CONTEXT_S = 0.035
"""What is looked at on either side: two periods of the lowest pitch."""
_LAG_S, _LONGEST_S = 0.0025, 0.015
"""Periods of the pitch: 400 to 66 Hz."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]


def conceal(before: Samples, after: Samples, length: int, sample_rate: int) -> Samples:
    """`length` samples between what was heard before and behind; it fades where either is not known."""
    forth = _continued(before.astype(np.float64), length, sample_rate)
    back = _continued(after[::-1].astype(np.float64), length, sample_rate)[::-1]
    blend = (np.arange(length) + 0.5) / max(1, length)
    out: Samples = np.clip(np.rint(forth * (1 - blend) + back * blend), -32768, 32767).astype(np.int16)
    return out


def _continued(known: Floats, length: int, sample_rate: int) -> Floats:
    """The last period again and again; silence where too little is known."""
    known = known[-round(CONTEXT_S * sample_rate) :]
    period = _period(known, sample_rate)
    return np.resize(known[-period:], length) if period else np.zeros(length)


def _period(known: Floats, sample_rate: int) -> int:
    """The lag (samples) at which the end resembles most what came before it; 0 where there is not enough to say."""
    shortest = round(_LAG_S * sample_rate)
    longest = min(round(_LONGEST_S * sample_rate), len(known) // 2)
    if longest <= shortest:
        return 0
    end = known[-longest:]
    stretch = known[-2 * longest : len(known) - shortest]
    alike = np.correlate(stretch, end, "valid")  # at lags from `longest` down to `shortest`
    squares = np.cumsum(np.concatenate([[0.0], stretch**2]))
    power = squares[longest:] - squares[:-longest]
    return longest - int((alike / np.sqrt(power + 1.0)).argmax())
