"""Inputs made from inputs: bits, bytes, numbers at their limits, pieces cut, doubled and moved, words of the grammar, and lines as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 8192
_NUMBERS = (0, 1, 2, 7, 8, 12, 16, 20, 40, 64, 127, 128, 255, 256, 1500, 4095, 8191, 32767, 32768, 65507, 65535)
_WIDE = (0, 1, 1 << 16, (1 << 24) + 1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
Change = Callable[[bytearray], None]


class Mutator:
    """Endless inputs from these seeds and words; the same `seed` gives the same inputs."""

    def __init__(self, seeds: Sequence[bytes], words: Sequence[bytes], seed: int) -> None:
        self._seeds, self._words, self._random = seeds, words, Random(seed)
        self._integer = self._random.randrange
        self._changes: list[Change] = [
            self._bit, self._byte, self._byte, self._two, self._four, self._cut, self._double, self._shorten, self._splice,
            self._noise, self._move,
        ]  # fmt: skip
        if words:
            self._changes += [self._word, self._word, self._line, self._number]

    def next(self) -> bytes:
        """One input. Every hundredth is a seed as it is, so that what keeps state meets valid inputs in between."""
        data = bytearray(self._seeds[self._integer(len(self._seeds))])
        if self._integer(100):
            for _ in range(1 + min(self._integer(8), self._integer(8))):
                self._changes[self._integer(len(self._changes))](data)
        return bytes(data[:LONGEST])

    def _place(self, data: bytearray) -> int:
        """A place in the data, more often at its beginning, where headers are."""
        end = len(data) + 1
        return self._integer(min(end, 64)) if self._integer(2) else self._integer(end)

    def _piece(self, data: bytearray) -> slice:
        begin = self._place(data)
        return slice(begin, begin + 1 + self._integer(1 << self._integer(9)))

    def _bit(self, data: bytearray) -> None:
        if data:
            data[self._place(data) % len(data)] ^= 1 << self._integer(8)

    def _byte(self, data: bytearray) -> None:
        if data:
            data[self._place(data) % len(data)] = self._integer(256)

    def _two(self, data: bytearray) -> None:
        place = self._place(data)
        data[place : place + 2] = _NUMBERS[self._integer(len(_NUMBERS))].to_bytes(2, "big" if self._integer(4) else "little")

    def _four(self, data: bytearray) -> None:
        place = self._place(data)
        data[place : place + 4] = _WIDE[self._integer(len(_WIDE))].to_bytes(4, "big" if self._integer(4) else "little")

    def _cut(self, data: bytearray) -> None:
        del data[self._piece(data)]

    def _double(self, data: bytearray) -> None:
        piece = data[self._piece(data)]
        place = self._place(data)
        data[place:place] = piece * (1 + self._integer(1 << self._integer(5)) if len(data) < LONGEST else 1)

    def _shorten(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _splice(self, data: bytearray) -> None:
        other = self._seeds[self._integer(len(self._seeds))]
        data[self._place(data) :] = other[self._integer(len(other) + 1) :]

    def _noise(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.randbytes(1 + self._integer(1 << self._integer(6)))

    def _move(self, data: bytearray) -> None:
        piece = self._piece(data)
        taken = data[piece]
        del data[piece]
        place = self._place(data)
        data[place:place] = taken

    def _word(self, data: bytearray) -> None:
        place = self._place(data)
        data[place : place + self._integer(3) * self._integer(8)] = self._words[self._integer(len(self._words))]

    def _line(self, data: bytearray) -> None:
        """A line goes, comes twice, or changes its place."""
        lines = data.split(b"\n")
        taken = lines.pop(self._integer(len(lines)))
        for _ in range(self._integer(3)):
            lines.insert(self._integer(len(lines) + 1), taken)
        data[:] = b"\n".join(lines)

    def _number(self, data: bytearray) -> None:
        """Digits in text become a number at a limit."""
        places = [place for place in range(len(data)) if 48 <= data[place] < 58][: 1 + self._integer(200)]
        if places:
            begin = end = places[-1]
            while begin > 0 and 48 <= data[begin - 1] < 58:
                begin -= 1
            while end < len(data) and 48 <= data[end] < 58:
                end += 1
            limit = _NUMBERS[self._integer(len(_NUMBERS))] << 8 * self._integer(9)
            data[begin:end] = str(limit * (1 if self._integer(4) else -1)).encode()
