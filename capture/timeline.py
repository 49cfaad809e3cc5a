"""A stream's packets put in order and onto the clock. Pure, NumPy, bounded memory: it works on slices and carries what lies between.

Order: by extended sequence number, duplicates once (RFC 3550 §A.1). Place: the RTP timestamp says how packets lie to one another, the
time of capture says where that lies on the clock. The offset between the two is the smallest within the next second (the packet that
was delayed least), and it is moved only when it is wrong by more than 20 ms, or by more than 2 ms where a pause hides the step. So
jitter and network stalls of up to a second move nothing, and a sender's drifting clock is followed for hours. A sender that sets its
timestamp anew (hold music, transfer, restart) is anchored afresh.

Positions are counted in the stream's RTP clock from `origin`, the moment (ns) at which the recording begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from appliance.moments import SECOND
from capture.index import Ints, Packets, compact, join
from capture.missing import OUTAGE, Gap, Known, Why
from capture.receivers import Origins

WINDOW = 50
HELD_BACK = 64
"""Packets that wait for the next slice: room for reordering, and the look-ahead of the window."""
STEP_S, STEP_IN_PAUSE_S = 0.020, 0.002
BROKEN_S = 0.2
MAX_DROPOUT, MAX_MISORDER = 3000, 50
"""A step of the sequence number forth or back beyond these is a sender that began anew (RFC 3550 §A.1 goes back by 100, but what is
put in order here waits for HELD_BACK only)."""
RECENT = 1024


@dataclass(slots=True)
class Counts:
    """What happened to a stream's packets."""

    packets: int = 0
    duplicates: int = 0
    lost: int = 0
    late: int = 0
    """Came after a packet that was sent later."""
    restarts: int = 0
    paused: int = 0
    keyed: int = 0
    elsewhere: int = 0
    """Numbers that are missing and no losses (`missing.py`)."""
    outage: int = 0
    """How long (ns) gaps of more than a second lasted in which packets were lost."""

    def explain(self, why: Why, count: int) -> None:
        """So many missing numbers are no losses."""
        setattr(self, why.value, getattr(self, why.value) + count)


@dataclass(slots=True)
class Placed:
    """Packets in order with their positions (RTP clock units from the origin)."""

    packets: Packets
    position: Ints
    sequence: Ints
    """Extended sequence numbers, without the gaps of pauses."""


@dataclass(slots=True)
class Timeline:
    """The state between slices of one stream."""

    clock: int
    origin: int
    counts: Counts = field(default_factory=Counts)
    pauses: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """When recording was paused (ns): what is missing across such a moment was dropped, not lost."""
    known: Known = field(default_factory=Known)
    origins: Origins = field(default_factory=Origins)
    _held: Packets | None = None
    _held_sequence: Ints | None = None
    _arrival: tuple[int, int] | None = None
    """Raw and extended sequence number of the packet that arrived last."""
    _highest: int = -1
    _emitted: int = -1
    _recent: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    _last: tuple[int, int, int] | None = None
    """Extended sequence, raw timestamp and extended timestamp of the last packet given out."""
    _last_at: int = 0
    _offset: int | None = None
    _least: int | None = None
    """The smallest offset ahead of the last packet given out that had a whole window ahead."""
    _step: int = 0
    """The usual advance of the timestamp from packet to packet."""
    _paused: int = 0
    _hidden: int = 0
    """How many pauses have begun so far, and how many numbers are missing that are no losses."""
    _left: tuple[int, int] | None = None
    """When the last packet given out came, and its timestamp."""
    _plain: int = 0
    """The advance of the last packet given out, 0 where something was lost before it."""

    def place(self, packets: Packets, *, final: bool = False) -> Placed | None:
        """The packets of this slice (and of those held back before) that are due; with `final` all that are left."""
        packets, sequence = self._in_order(packets)
        due = len(packets) if final else len(packets) - HELD_BACK
        if due <= 0:
            self._held, self._held_sequence = packets, sequence
            return None
        position = self._positions(packets, sequence, due)
        self._held, self._held_sequence = compact(packets.pick(slice(due, None))), sequence[due:]
        given, numbers = packets.pick(slice(None, due)), sequence[:due]
        return Placed(given, position, self._account(numbers, given))

    def _in_order(self, packets: Packets) -> tuple[Packets, Ints]:
        sequence = self._extend(packets.sequence)
        if self._held is not None and self._held_sequence is not None and len(self._held):
            packets = join([self._held, packets])
            sequence = np.concatenate([self._held_sequence, sequence])
        _, first = np.unique(sequence, return_index=True)
        self.counts.duplicates += len(sequence) - len(first)
        packets, sequence = packets.pick(first), sequence[first]
        stale = sequence <= self._emitted
        if stale.any():
            self.counts.duplicates += int(np.isin(sequence[stale], self._recent).sum())
            packets, sequence = packets.pick(~stale), sequence[~stale]
        return packets, sequence

    def _extend(self, raw: Ints) -> Ints:
        """Sequence numbers that do not wrap; a sender that began anew goes on behind MAX_DROPOUT."""
        if not len(raw):
            return raw
        before, extended = self._arrival or (int(raw[0]) - 1, 0x10000 + int(raw[0]) - 1)
        steps = np.diff(raw, prepend=before)
        steps = (steps + 0x8000) % 0x10000 - 0x8000
        jumps = (steps > MAX_DROPOUT) | (steps < -MAX_MISORDER)
        out = extended + np.cumsum(np.where(jumps, 0, steps))
        for place in np.flatnonzero(jumps):
            highest = max(self._highest, int(out[:place].max(initial=extended)))
            out[place:] += highest + MAX_DROPOUT + 1 - int(out[place])
            self.counts.restarts += 1
        order = np.maximum.accumulate(np.concatenate([[max(self._highest, extended)], out]))
        self.counts.late += int((out < order[:-1]).sum())
        self._highest = int(order[-1])
        self._arrival = (int(raw[-1]), int(out[-1]))
        return out

    def _account(self, sequence: Ints, given: Packets) -> Ints:
        """Count the packets; returns their numbers without the gaps that are no losses."""
        at = given.at
        before = self._emitted if self._emitted >= 0 else int(sequence[0]) - 1
        gaps = np.diff(sequence, prepend=before) - 1
        paused = np.searchsorted(self.pauses, at, side="right")
        hidden = np.where(np.diff(paused, prepend=self._paused) > 0, gaps, 0)
        self._paused = int(paused[-1])
        self.origins.begin(int(sequence[0]))
        self._explain(np.where(hidden, 0, gaps), sequence, given, hidden)
        self._left = int(at[-1]), int(given.timestamp[-1])
        gaps = gaps - hidden
        numbers: Ints = sequence - self._hidden - np.cumsum(hidden)
        self._hidden += int(hidden.sum())
        self.counts.lost += int(gaps[gaps < MAX_DROPOUT].sum())
        self.counts.packets += len(sequence)
        self._emitted = int(sequence[-1])
        self._recent = np.concatenate([self._recent, sequence])[-RECENT:]
        return numbers

    def _explain(self, gaps: Ints, sequence: Ints, given: Packets, hidden: Ints) -> None:
        """Add to `hidden` what is missing in these gaps and was not lost."""
        for place in np.flatnonzero((gaps > 0) & (gaps < MAX_DROPOUT)).tolist():
            before = (int(given.at[place - 1]), int(given.timestamp[place - 1])) if place else self._left
            if before is None:
                continue
            count, end = int(gaps[place]), int(given.at[place])
            timeless = (int(given.timestamp[place]) - before[1]) % 0x100000000 == self._step
            gap = Gap(before[0], end, int(sequence[place]) - count, count, timeless)
            why, none = self.known.explain(gap) or (None, 0)
            self.origins.miss(int(sequence[place]), end, lost=count - none, never=0 if why is Why.ELSEWHERE else none)
            if why is not None:
                self.counts.explain(why, none)
                hidden[place] = none
            elif end - before[0] > OUTAGE:
                self.counts.outage += end - before[0]

    def _positions(self, packets: Packets, sequence: Ints, due: int) -> Ints:
        """Positions of the first `due` packets; those behind serve as look-ahead."""
        arrival = ((packets.at - self.origin) * self.clock) // SECOND
        if self._last is None:
            number, raw, extended = int(sequence[0]) - 1, int(packets.timestamp[0]), int(packets.timestamp[0])
            before_at = int(arrival[0])
        else:
            number, raw, extended = self._last
            before_at = (self._last_at - self.origin) * self.clock // SECOND
        advance = np.diff(packets.timestamp, prepend=raw)
        advance = (advance + 0x80000000) % 0x100000000 - 0x80000000
        stamp = extended + np.cumsum(advance)
        forward = np.diff(sequence, prepend=number)
        usual = self._usual(advance, forward, due)
        broken = ~usual & (np.abs(np.diff(arrival, prepend=before_at) - advance) > BROKEN_S * self.clock)
        broken |= forward > MAX_DROPOUT
        if self._last is None:
            broken[0] = True
        pause = ~usual | packets.marker
        position = self._anchored(arrival - stamp, stamp, broken, pause, due)
        end = due - 1
        self._last = (int(sequence[end]), int(packets.timestamp[end]), int(stamp[end]))
        self._last_at = int(packets.at[end])
        return position

    def _usual(self, advance: Ints, forward: Ints, due: int) -> NDArray[np.bool_]:
        """Whether each packet follows the one before at the usual step, which is the newest that came twice in a row."""
        plain = np.where(forward == 1, advance, 0)
        twice = (plain > 0) & (plain == np.concatenate([[self._plain], plain[:-1]]))
        newest = np.maximum.accumulate(np.where(twice, np.arange(len(plain)), -1))
        early = self._step or (int(plain[twice.argmax()]) if twice.any() else 0)
        step = np.where(newest < 0, early, plain[newest])
        self._step, self._plain = int(step[due - 1]), int(plain[due - 1])
        return np.asarray(advance == forward * step)

    def _anchored(self, offset: Ints, stamp: Ints, broken: NDArray[np.bool_], pause: NDArray[np.bool_], due: int) -> Ints:
        position = np.empty(due, np.int64)
        edges = [*np.flatnonzero(broken).tolist(), len(stamp)]
        edges = edges if edges[0] == 0 else [0, *edges]
        for begin, end in pairwise(edges):
            if begin >= due:
                break
            if broken[begin]:
                self._least = None
            least = self._settled(_least_ahead(offset[begin:end]), due - begin)
            if broken[begin] or self._offset is None:
                self._offset = int(least[0])
            for start, stop in self._steps(least, pause[begin : begin + len(least)]):
                position[begin + start : begin + stop] = stamp[begin + start : begin + stop] + self._offset
        return position

    def _settled(self, least: Ints, due: int) -> Ints:
        """Where a stretch ends, fewer packets are left to look ahead at: there only what cannot be jitter counts."""
        whole = len(least) - WINDOW
        if whole >= 0:
            self._least = int(least[min(whole, due - 1)])
        elif self._least is None:
            self._least = int(least[0])
        rest = least[max(0, whole + 1) : due]
        rest[np.abs(rest - self._least) <= BROKEN_S * self.clock] = self._least
        return least[:due]

    def _steps(self, least: Ints, pause: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
        """Stretches with one offset; `_offset` is the stretch's own while it is being used."""
        start = 0
        while start < len(least):
            assert self._offset is not None  # set before the first stretch
            wrong = np.abs(least[start:] - self._offset)
            due = (wrong > STEP_S * self.clock) | (pause[start:] & (wrong > STEP_IN_PAUSE_S * self.clock))
            first = int(due.argmax()) if due.any() else len(due)
            if first:
                yield start, start + first
            start += first
            if start < len(least):
                self._offset = int(least[start])


def _least_ahead(offset: Ints) -> Ints:
    """The smallest offset among each packet and the ones up to WINDOW behind it."""
    least = np.concatenate([offset, np.full(WINDOW - 1, np.iinfo(np.int64).max)])
    span = 1
    while span * 2 <= WINDOW:  # windows of twice the length, from two of the present one
        least = np.minimum(least[:-span], least[span:])
        span *= 2
    rest = WINDOW - span
    smallest: Ints = np.minimum(least[: len(offset)], least[rest : rest + len(offset)])
    return smallest
