"""Voices brought together: left the caller, right the called party, silence where nobody was heard. Pure, in bounded memory.

A side may have several streams: an announcement before the answer, a new SSRC after a transfer, the same speech seen on two hops of a
proxy. At any moment the one with most packets in all is heard and the others only fill what it leaves, so nothing is heard twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CHUNK_S = 4


class Piece(NamedTuple):
    """Samples that begin at `start` (in samples from the origin)."""

    start: int
    samples: NDArray[np.int16]
    made: bool = False
    """Interpolated: only where nobody was heard."""


def without(pieces: Iterator[Piece], spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """The pieces without what lies within these spans (samples from the origin), which are in order and apart."""
    for piece in pieces:
        start, end = piece.start, piece.start + len(piece.samples)
        for begin, stop in spans:
            if start < min(begin, end):
                yield Piece(start, piece.samples[start - piece.start : min(begin, end) - piece.start], piece.made)
            start = max(start, min(stop, end))
        if start < end:
            yield Piece(start, piece.samples[start - piece.start :], piece.made)


class Channel:
    """One side: its voices in order of preference."""

    def __init__(self, voices: Sequence[Iterator[Piece]]) -> None:
        self._voices = [_Reader(voice) for voice in voices]
        self.concealed = 0
        """Samples that were interpolated."""

    def add(self, voice: Iterator[Piece]) -> None:
        """One more voice, which only fills what the others leave."""
        self._voices.append(_Reader(voice))

    def begins_at(self) -> int | None:
        """The first sample's place; None where nothing is left."""
        heads = [place for voice in self._voices if (place := voice.place()) is not None]
        return min(heads, default=None)

    def fill(self, begin: int, length: int) -> tuple[NDArray[np.int16], int]:
        """Samples from `begin` on, and how many of them are not behind the last thing that was said."""
        out = np.zeros(length, np.int16)
        taken = np.zeros(length, np.bool_)
        reach = 0
        pieces = [piece for voice in self._voices for piece in voice.until(begin + length)]
        for piece in sorted(pieces, key=lambda piece: piece.made):
            start = max(0, piece.start - begin)
            samples = piece.samples[max(0, begin - piece.start) :]
            place = slice(start, start + len(samples))
            free = ~taken[place]
            if free.all():
                out[place] = samples
            else:
                out[place][free] = samples[free]
            taken[place] = True
            reach = max(reach, start + len(samples))
            self.concealed += int(free.sum()) if piece.made else 0
        return out, reach


def silence(stretches: Iterable[tuple[int, int]], longest: int) -> Iterator[Piece]:
    """Silence for these stretches [begin, end) of samples, in order, in pieces of bounded length."""
    for begin, end in stretches:
        for start in range(begin, end, longest):
            yield Piece(start, np.zeros(min(longest, end - start), np.int16))


class _Reader:
    """A voice that is read up to a place; what lies beyond waits."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._head: Piece | None = None

    def place(self) -> int | None:
        """Where the next piece begins."""
        if self._head is None:
            self._head = next(self._pieces, None)
        return None if self._head is None else self._head.start

    def until(self, end: int) -> Iterator[Piece]:
        """The pieces, or their parts, before `end`."""
        while (start := self.place()) is not None and start < end:
            assert self._head is not None  # place() has just seen it
            piece, self._head = self._head, None
            fits = end - piece.start
            if len(piece.samples) > fits:
                self._head = Piece(end, piece.samples[fits:], piece.made)
                piece = Piece(piece.start, piece.samples[:fits], piece.made)
            yield piece


def mix(caller: Channel, called: Channel, sample_rate: int) -> Iterator[NDArray[np.int16]]:
    """The stereo recording in chunks of shape (samples, 2), from the first thing said to the last."""
    starts = [place for channel in (caller, called) if (place := channel.begins_at()) is not None]
    if not starts:
        return
    place, length = min(starts), CHUNK_S * sample_rate
    while True:
        (left, left_reach), (right, right_reach) = caller.fill(place, length), called.fill(place, length)
        chunk = np.stack([left, right], axis=1)
        if caller.begins_at() is None and called.begins_at() is None:
            yield chunk[: max(left_reach, right_reach)]
            return
        yield chunk
        place += length
