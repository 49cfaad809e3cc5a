"""Keys heard as tones in the audio itself (ITU-T Q.23): which, from when to when. Pure, NumPy, streaming, in bounded memory.

One pass over blocks of 10 ms asks only whether two of the eight tones hold most of the energy; hardly any speech gets past it. What does
is looked at closely, in frames of 25 ms every 5 ms: the level of either tone, their twist, what else sounds beside them, and their
frequencies by the advance of their phase. Three frames that agree are a key if its tones begin and end at once, as no vowel does; a
break of up to 20 ms does not end it (ITU-T Q.24).

Frequencies: taken up to 2.5 % from the nominal ones (Q.24: within 1.5 % must, beyond 3.5 % must not). Twist: the high tone 6 dB above to
10 dB below the low one. Levels: down to -31 dBm0 a tone. dBm0 counts from full scale as G.711 does: a sine of 32,124 is +3.14 dBm0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
GRID = "123A456B789C*0#D"
RATE = 8000
"""Sounds of a multiple of this rate are brought down to it (Hz)."""
TOLERANCE = 0.025
LOUDER, SOFTER = 10**0.6, 10**-1.0
"""Power of the high tone over that of the low one."""
LEAST = 32124.0**2 / 2 * 10 ** ((-31 - 3.14) / 10)
"""Power of the softer tone at least."""
RESIDUE = 0.16
"""Share of the energy of a frame that may be no part of the two tones: noise at 15 dB is 3 %, the coding of G.729 up to 11 %, and a vowel
whose harmonics lie at two of the tones has 24 % and more."""
GATE = 0.55
"""Share of the energy of a block that the two tones must have."""
SUDDEN, NEAR, AWAY = 0.4, 4, 7
"""Either tone has at most this share of its level (-8 dB), somewhere between `NEAR` and `AWAY` frames
before the first and behind the last frame of a key."""
LONG, WAVERING, MOST = 12, 0.008, 64
"""The frequencies of a key of so many frames waver by at most this (its edges apart); a voice glides. `MOST` are
looked at for it."""
BLOCK_S, HOP_S, FRAME_S = 0.010, 0.005, 0.025
FRAMES, BREAK = 3, 4
"""Frames that make a key; frames that may fail within one."""
AROUND = 4
"""Blocks around a promising one that are looked at too."""
_AT_ONCE = 1 << 16
"""Multiplications a product of matrices: beyond some number OpenBLAS starts threads, which cost three times what they save."""

Samples = NDArray[np.int16]
Pair = NDArray[np.float64]
"""Of the low and the high tone."""
_TONES = np.array(LOW + HIGH, np.float64)


class Tone(NamedTuple):
    """One key, in samples from the first that was heard."""

    begin: int
    end: int
    key: str


@dataclass(slots=True)
class _Run:
    """Frames that agree on a key."""

    key: int
    first: int
    last: int
    count: int = 0
    drifts: list[Pair] = field(default_factory=list)
    level: Pair = field(default_factory=lambda: np.zeros(2))
    before: Pair = field(default_factory=lambda: np.zeros(2))
    after: Pair = field(default_factory=lambda: np.zeros(2))

    @property
    def begun(self) -> bool:
        """Whether it is a key, as far as it was heard."""
        if self.count < FRAMES or (self.before > SUDDEN * self.level).any():
            return False
        drifts = np.array(self.drifts)
        steady = len(drifts) < LONG or bool((drifts[2:-2].std(axis=0) <= WAVERING).all())
        return steady and bool((np.abs(drifts.mean(axis=0)) <= TOLERANCE).all())

    @property
    def holds(self) -> bool:
        """Whether it is one now that it is over."""
        return self.begun and bool((self.after <= SUDDEN * self.level).all())


class Tones:
    """Listens to one side."""

    def __init__(self, sample_rate: int) -> None:
        self._fold = max(1, sample_rate // RATE)
        rate = sample_rate // self._fold
        self._block, self._hop, self._frame = (round(span * rate) for span in (BLOCK_S, HOP_S, FRAME_S))
        self._hop_s = self._hop / rate
        turns = np.arange(self._frame)[:, None] * _TONES / rate
        waves = np.exp(-2j * np.pi * turns)
        self._window = np.hanning(self._frame + 1)[:-1]
        self._coarse = np.concatenate([waves[: self._block].real, waves[: self._block].imag], axis=1).astype(np.float32)
        self._fine = waves * self._window[:, None]
        self._step = np.exp(-2j * np.pi * _TONES * self._hop_s)
        self._rest = np.zeros(0, np.int16)
        """Not yet a whole sample of the lower rate."""
        self._held = np.zeros(0, np.float32)
        self._place = 0
        """Where what is held begins: a multiple of the block, in samples of the lower rate."""
        self._next = 0
        """The first frame that was not looked at."""
        self._run: _Run | None = None
        self.found: list[Tone] = []
        """Keys that are over, in order."""

    @property
    def sounding(self) -> Tone | None:
        """The key that sounds at the end of what was heard."""
        return self._tone(self._run) if self._run is not None and self._run.begun else None

    def hear(self, samples: Samples) -> None:
        """The next samples."""
        if self._fold > 1:
            samples = np.concatenate([self._rest, samples])
            whole = len(samples) // self._fold * self._fold
            self._rest = samples[whole:]
            fresh = samples[:whole].reshape(-1, self._fold).mean(axis=1, dtype=np.float32)
        else:
            fresh = samples.astype(np.float32)
        self._held = np.concatenate([self._held, fresh]) if len(self._held) else fresh
        self._look()

    def finish(self) -> list[Tone]:
        """Nothing comes any more: every key."""
        self._held = np.concatenate([self._held, np.zeros(2 * (AROUND + 2) * self._block + 2 * self._frame, np.float32)])
        self._look()
        self._end()
        return self.found

    def _look(self) -> None:
        blocks = len(self._held) // self._block
        if blocks <= AROUND + 2:
            return
        first = self._place // self._hop
        # Frames are looked at once every block that could draw attention to them has been.
        due = first + ((blocks - AROUND) * self._block - self._frame) // self._hop + 1 - AWAY
        wanted = self._promising(blocks)
        for begin, end in _stretches(wanted, self._block // self._hop):
            start, stop = max(self._next, first + begin), min(due, first + end)
            if stop > start:
                self._study(start, stop)
        self._next = max(self._next, due)
        if self._run is not None and self._next - self._run.last > BREAK + 1:
            self._end()
        # Frames before the next one are compared with it, and blocks before it draw attention to it.
        keep = max(0, (self._next - AWAY) * self._hop // self._block - AROUND - 1) * self._block
        if keep > self._place:
            self._held = self._held[keep - self._place :].copy()
            self._place = keep

    def _promising(self, blocks: int) -> NDArray[np.bool_]:
        """Blocks near two following ones in which a low and a high tone have most of the energy."""
        table = self._held[: blocks * self._block].reshape(blocks, self._block)
        energy = np.einsum("ij,ij->i", table, table)
        loud = np.flatnonzero(energy > 2 * LEAST * self._block)
        good = np.zeros(blocks, np.bool_)
        if len(loud) > 1:
            heard = _product(table[loud], self._coarse)
            power = heard[:, :8] ** 2
            power += heard[:, 8:] ** 2
            low, high = power[:, :4].max(axis=1), power[:, 4:].max(axis=1)
            share = (low + high) * np.float32(2 / self._block) >= GATE * energy[loud]
            good[loud] = share & (high < 2 * LOUDER * low) & (high > SOFTER / 2 * low)
        pair = good[1:] & good[:-1]
        near = np.zeros(blocks, np.bool_)
        for place in np.flatnonzero(pair).tolist():
            near[max(0, place - AROUND) : place + AROUND + 2] = True
        return near

    def _study(self, start: int, stop: int) -> None:
        """Look closely at the frames from `start` to before `stop`."""
        begin = max(start - AWAY, self._place // self._hop)
        held = self._held[begin * self._hop - self._place :].astype(np.float64)
        table = np.lib.stride_tricks.sliding_window_view(held, self._frame)[:: self._hop][: stop + AWAY - begin]
        heard = _product(table, self._fine)
        level = np.abs(heard)
        low, high = level[:, :4].argmax(axis=1), level[:, 4:].argmax(axis=1)
        pair = np.stack([low, high + 4], axis=1)
        rows = np.arange(len(table))[:, None]
        turned = np.angle(heard[rows[1:], pair[1:]] * np.conj(heard[rows[:-1], pair[1:]]) * self._step[pair[1:]])
        off = np.concatenate([turned[:1], turned]) / (2 * np.pi * self._hop_s)
        good, drift = self._alike(level[rows, pair], off, pair, self._power(table))
        for row in np.flatnonzero(good[: stop - begin]).tolist():
            if begin + row >= start:
                ends = (_least(level, row - AWAY, pair[row]), _least(level, row + NEAR, pair[row]))
                self._take(begin + row, int(low[row] * 4 + high[row]), drift[row], level[row, pair[row]], ends)

    def _power(self, table: Pair) -> Pair:
        """The mean square of each frame under its window."""
        return np.asarray(np.einsum("ij,ij,j->i", table, table, self._window**2 / (self._window**2).sum()))

    def _alike(self, level: Pair, off: Pair, pair: NDArray[np.intp], energy: Pair) -> tuple[NDArray[np.bool_], Pair]:
        """Which frames are a key's, from the levels of their two tones, how far (Hz) these are off, and their mean square; the drift."""
        power = (level / self._window.sum() / _lobe(off * FRAME_S)) ** 2 * 2
        twist = power[:, 1] / np.maximum(power[:, 0], 1e-9)
        good = (power.min(axis=1) >= LEAST) & (twist <= LOUDER) & (twist >= SOFTER)
        good &= np.abs(1 - power.sum(axis=1) / np.maximum(energy, 1e-9)) <= RESIDUE
        drift = off / _TONES[pair]
        return good & (np.abs(drift) <= 2 * TOLERANCE).all(axis=1), drift

    def _take(self, place: int, key: int, drift: Pair, level: Pair, ends: tuple[Pair, Pair]) -> None:
        run = self._run
        if run is None or run.key != key or place - run.last > BREAK + 1:
            self._end()
            run = self._run = _Run(key, place, place, before=ends[0])
        run.last, run.after = place, ends[1]
        run.count += 1
        if len(run.drifts) < MOST:
            run.drifts.append(drift)
        run.level = np.maximum(run.level, level)

    def _end(self) -> None:
        if self._run is not None and self._run.holds:
            self.found.append(self._tone(self._run))
        self._run = None

    def _tone(self, run: _Run) -> Tone:
        """Frames that agree reach up to a third of their length beyond the tone."""
        beyond = self._frame // 3
        begin, end = run.first * self._hop + beyond, run.last * self._hop + self._frame - beyond
        return Tone(begin * self._fold, end * self._fold, GRID[run.key])


def _product(table: NDArray[Any], waves: NDArray[Any]) -> NDArray[Any]:
    rows = max(1, _AT_ONCE // waves.size)
    return np.concatenate([table[begin : begin + rows] @ waves for begin in range(0, len(table), rows)])


def _least(level: Pair, begin: int, pair: NDArray[np.intp]) -> Pair:
    """The least of either tone in the frames from `begin` on; none where the sound itself begins there."""
    return np.asarray(level[begin : begin + AWAY - NEAR + 1, pair].min(axis=0)) if begin >= 0 else np.zeros(2)


def _lobe(bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the window leaves of a tone that is off by so many bins."""
    near = np.clip(np.abs(bins), 0, 1.5)
    even = np.where(np.abs(near - 1) < 1e-6, near + 2e-6, near)
    return np.asarray(np.sinc(even) / (1 - even**2))


def _stretches(wanted: NDArray[np.bool_], scale: int) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield begin * scale, end * scale
