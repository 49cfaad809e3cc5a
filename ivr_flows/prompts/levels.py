"""Whether a sound may be played to callers: not silent, not clipped, not endless. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

SILENT_DB, QUIET_DB = -50.0, -38.0
LONGEST_S, LONG_S, SHORTEST_S = 600.0, 60.0, 0.1
CLIPPED_PART = 0.001
TARGET_PEAK = 0.6
"""What spoken words are brought to: 4 dB below full scale, as loud as people on a telephone line."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a sound; `refused` may not be played at all."""

    refused: bool
    ja: str
    en: str


def decibels(value: float) -> float:
    """Against full scale."""
    return 20 * math.log10(value) if value > 0 else -math.inf


def judge(*, seconds: float, peak: float, rms: float, clipped: int, rate: int) -> list[Verdict]:
    """Everything that is wrong with it."""
    if seconds < SHORTEST_S:
        return [Verdict(True, "音がありません（0.1 秒未満）。録り直してください。", "It is empty (under 0.1 s); record it again.")]
    found = []
    if decibels(peak) < SILENT_DB:
        found.append(Verdict(True, "無音です。録り直してください。", "It is silent; record it again."))
    elif decibels(rms) < QUIET_DB:
        found.append(Verdict(False, "音が小さすぎます。大きくしてください。", "It is very quiet; make it louder."))
    if clipped > CLIPPED_PART * seconds * rate:
        found.append(
            Verdict(False, "音が割れています。音量を下げて録り直してください。", "It is clipped; record it again at a lower level.")
        )
    if seconds > LONGEST_S:
        found.append(Verdict(True, "10 分を超えています。短くしてください。", "It is longer than 10 minutes; cut it."))
    elif seconds > LONG_S:
        found.append(
            Verdict(
                False, f"{seconds:.0f} 秒あります。最後まで聞かれません。", f"It lasts {seconds:.0f} s; nobody listens to the end."
            )
        )
    return found
