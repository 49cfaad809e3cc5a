"""How well a stream arrived: interarrival jitter, losses in bursts, and what that does to speech. Pure, NumPy.

Jitter is that of RFC 3550 §A.8, over the packets in the order of their arrival at the mirror port. Losses are runs of missing sequence
numbers. The transmission rating R and the mean opinion score MOS are those of ITU-T G.107 (06/2015) for the codec and the losses alone:
the delay from mouth to ear and what the telephone's own buffer threw away cannot be seen from a mirror port. Impairments of the codecs
are those of ITU-T G.113, Appendix I; wideband codecs have none on this scale, and get no score.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from capture.index import Ints

METHOD = "ITU-T G.107, codec and packet loss only"
BEST = 93.2
"""R of an undisturbed narrowband connection with the defaults of G.107."""
IMPAIRMENTS = {
    "PCMU": (0.0, 25.1),
    "PCMA": (0.0, 25.1),
    "G729": (11.0, 19.0),
    "G723": (15.0, 16.1),
    "GSM": (20.0, 4.3),
    **{f"{packing}G726-{rate}": (impairment, 4.3) for packing in ("", "AAL2-")
       for rate, impairment in ((16, 50.0), (24, 25.0), (32, 7.0), (40, 2.0))},
}  # fmt: skip
"""Encoding → (equipment impairment Ie, packet-loss robustness Bpl): G.711 with concealment (G.113 table I.4), the others from tables I.1
and I.4; where G.113 gives no Bpl, that of G.711 without concealment."""
_GAIN = 16
_BLOCK = 64


def _weights() -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Jitter after each of a block's packets: of the differences in the block, and of the jitter before it."""
    keep = 1 - 1 / _GAIN
    place = np.arange(_BLOCK)
    table = np.tril(keep ** np.maximum(place[:, None] - place[None, :], 0)) / _GAIN
    return table, keep ** (place + 1)


_DIFFERENCES, _BEFORE = _weights()


@dataclass(slots=True)
class Jitter:
    """RFC 3550 §A.8, fed in slices; all in units of the RTP clock but the results."""

    clock: int
    _last: tuple[int, int] | None = None
    _value: float = 0.0
    _sum: float = 0.0
    _most: float = 0.0
    _count: int = 0

    def add(self, at: Ints, timestamp: Ints) -> None:
        """Packets in the order they came: moments (ns) and RTP timestamps."""
        if not len(at):
            return
        before = self._last or (int(at[0]), int(timestamp[0]))
        arrived = np.diff(at, prepend=before[0]) * (self.clock / 1e9)
        stamped = (np.diff(timestamp, prepend=before[1]) + 0x80000000) % 0x100000000 - 0x80000000
        differences = np.abs(arrived - stamped)
        differences[np.abs(stamped) > 10 * self.clock] = 0.0  # the sender set its timestamp anew
        if self._last is None:
            differences = differences[1:]
        self._last = (int(at[-1]), int(timestamp[-1]))
        if not len(differences):
            return
        size = len(differences)
        table = np.pad(differences, (0, -size % _BLOCK)).reshape(-1, _BLOCK) @ _DIFFERENCES.T
        carried = np.empty(len(table))
        for place, end in enumerate(table[:, -1].tolist()):
            carried[place] = self._value
            self._value = end + float(_BEFORE[-1]) * self._value
        found = (table + carried[:, None] * _BEFORE).ravel()[:size]
        self._value = float(found[-1])
        self._sum += float(found.sum())
        self._most = max(self._most, float(found.max()))
        self._count += size

    @property
    def mean(self) -> float:
        """Milliseconds."""
        return self._sum / self._count * 1000 / self.clock if self._count else 0.0

    @property
    def most(self) -> float:
        """Milliseconds."""
        return self._most * 1000 / self.clock


@dataclass(slots=True)
class Losses:
    """Runs of missing packets, fed in order."""

    received: int = 0
    lost: int = 0
    bursts: int = 0
    longest: int = 0
    _last: int | None = field(default=None)

    def add(self, sequence: Ints, most: int) -> None:
        """Extended sequence numbers in order; a gap of `most` and more is a sender that began anew."""
        if not len(sequence):
            return
        gaps = np.diff(sequence, prepend=int(sequence[0]) - 1 if self._last is None else self._last) - 1
        gaps = gaps[(gaps > 0) & (gaps < most)]
        self.received += len(sequence)
        self.lost += int(gaps.sum())
        self.bursts += len(gaps)
        self.longest = max(self.longest, int(gaps.max(initial=0)))
        self._last = int(sequence[-1])

    @property
    def ratio(self) -> float:
        """Share of the packets that were sent."""
        sent = self.received + self.lost
        return self.lost / sent if sent else 0.0

    @property
    def burst_ratio(self) -> float:
        """Mean run of lost packets over what it would be if losses were random (G.107 §7.5); 1 where they are, or fewer."""
        return max(1.0, self.lost / self.bursts * (1 - self.ratio)) if self.bursts else 1.0


def rating(encoding: str, losses: Losses) -> float | None:
    """The transmission rating R of this codec with these losses, 0 to 93.2; None where G.113 has no figures for the codec."""
    known = IMPAIRMENTS.get(encoding)
    if known is None:
        return None
    equipment, robustness = known
    percent = 100 * losses.ratio
    effective = equipment + (95 - equipment) * percent / (percent / losses.burst_ratio + robustness)
    return max(0.0, BEST - effective)


def opinion(rating: float) -> float:
    """The mean opinion score of a rating (G.107 §B.4): 1 to 4.5."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)
