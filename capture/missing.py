"""Missing sequence numbers that are no losses, because nothing was sent or because it was captured elsewhere. Pure, NumPy.

- PAUSED: no packet came while this side had agreed to send nothing (`holds.py`): exchanges let the numbers run on meanwhile.
- KEYED: an exchange took telephone events out and told them by INFO: the numbers of the events are missing, and single ones nearby for
  which the timestamps leave no time.
- ELSEWHERE: the same side sent them with the same SSRC to or from another address (RFC 3264 §8.3.1), and we have them in that stream.

In doubt it is a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from appliance.moments import SECOND
from capture.holds import Stretch
from capture.index import Ints, Packets
from capture.receivers import Reported

SHORTEST_HOLD = SECOND // 5
STRAY = SECOND
"""So much of a pause may lie outside of what the signalling says."""
LONGEST_KEY = 5 * SECOND
KEY_TOLD = SECOND // 5
"""INFO may come so long after the last packet of its key."""
OUTAGE = SECOND
"""A gap that nothing explains and that lasts longer is counted as an outage too."""
LONGEST_RUN = 10_000
MAX_RUNS = 20_000


class Why(StrEnum):
    """Why numbers are missing although nothing was lost."""

    PAUSED = "paused"
    KEYED = "keyed"
    ELSEWHERE = "elsewhere"


class Gap(NamedTuple):
    """Numbers missing between two packets of one stream."""

    begin: int
    end: int
    """When the packets before and behind it came (ns)."""
    first: int
    """The first number that is missing, any extension of it."""
    missing: int
    timeless: bool = False
    """Whether the timestamps of the two packets follow one another."""


class Run(NamedTuple):
    """Packets of another stream that follow one another."""

    begin: int
    end: int
    first: int
    packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a stream beside its own packets."""

    silent: Sequence[Stretch] = ()
    """When its side had agreed to send nothing."""
    keys: Sequence[int] = ()
    """When its side told a key by INFO (ns)."""
    runs: Sequence[Run] | Ints = ()
    """Of streams of the same side and SSRC."""
    reported: Reported = field(default_factory=Reported)
    """By its receiver."""

    def explain(self, gap: Gap) -> tuple[Why, int] | None:
        """Why some of the numbers are no loss, and how many; None where all of them are."""
        if (found := self._elsewhere(gap)) > 0:
            return Why.ELSEWHERE, found
        if self._is_paused(gap):
            return Why.PAUSED, gap.missing
        return (Why.KEYED, gap.missing) if self._is_keyed(gap) else None

    def _is_paused(self, gap: Gap) -> bool:
        length = gap.end - gap.begin
        silent = sum(max(0, min(end, gap.end) - max(begin, gap.begin)) for begin, end in self.silent)
        return length >= SHORTEST_HOLD and length - silent <= min(STRAY, length // 2)

    def _is_keyed(self, gap: Gap) -> bool:
        if gap.timeless:
            return any(abs(at - gap.begin) <= LONGEST_KEY for at in self.keys)
        return gap.end - gap.begin <= LONGEST_KEY and any(gap.begin <= at <= gap.end + KEY_TOLD for at in self.keys)

    def _elsewhere(self, gap: Gap) -> int:
        """From the first to the last of the numbers that another stream has: what is missing between is counted as its loss."""
        if not len(self.runs):
            return 0
        begin, end, first, packets = np.asarray(self.runs, np.int64).T
        place = (first - gap.first + 0x8000) % 0x10000 - 0x8000
        lowest, highest = np.maximum(place, 0), np.minimum(place + packets, gap.missing)
        inside = (end >= gap.begin - STRAY) & (begin <= gap.end + STRAY) & (lowest < highest)
        return int(highest[inside].max() - lowest[inside].min()) if inside.any() else 0


NOTHING = Known()


def runs_of(slices: Iterable[Packets]) -> list[Run]:
    """The packets of a stream as runs of numbers, in the order they came."""
    found: list[Run] = []
    for packets in slices:
        step = np.diff(packets.sequence) % 0x10000
        edges = np.union1d(np.flatnonzero(step != 1) + 1, np.arange(0, len(packets), LONGEST_RUN)).tolist()
        for begin, end in zip(edges, [*edges[1:], len(packets)], strict=True):
            found.append(Run(int(packets.at[begin]), int(packets.at[end - 1]), int(packets.sequence[begin]), end - begin))
        if len(found) >= MAX_RUNS:
            break
    return found[:MAX_RUNS]
