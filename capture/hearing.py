"""The recording listened to while it is written: keys that sound as tones become marks, or, where the site keeps no keys, silence.

Where keys are dropped, what was heard is given on a fifth of a second later, so that a tone is silent from its beginning. The audio
just before a telephone event is silenced too: a gateway lets the tone through until it has understood it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from appliance.moments import SECOND
from appliance.records import Side
from capture.digits import Key
from capture.tones import Tone, Tones

HELD_S = 0.2
MARGIN_S = 0.012
"""Silenced beyond either end of a tone."""
LEAK_S = 0.06
"""Silenced before a telephone event."""

Stereo = NDArray[np.int16]


class Hearing:
    """Both sides of one recording that begins at `origin` (ns)."""

    def __init__(self, sample_rate: int, origin: int) -> None:
        self._rate, self._origin = sample_rate, origin
        self._ears = {side: Tones(sample_rate) for side in Side}

    def listened(self, chunks: Iterable[Stereo]) -> Iterator[Stereo]:
        """The same chunks."""
        for chunk in chunks:
            self._hear(chunk)
            yield chunk
        self._finish()

    def hushed(self, chunks: Iterable[Stereo], told: Callable[[], Iterable[Key]]) -> Iterator[Stereo]:
        """The same samples, silent where a key sounds. `told`: the keys that were announced, some time ahead of the samples."""
        held, place, room = np.zeros((0, 2), np.int16), 0, round(HELD_S * self._rate)
        for chunk in chunks:
            self._hear(chunk)
            held = np.concatenate([held, chunk])
            self._silence(held, place, told())
            due = len(held) - room
            if due > 0:
                yield held[:due]
                held, place = held[due:].copy(), place + due
        self._finish()
        self._silence(held, place, told())
        if len(held):
            yield held

    @property
    def keys(self) -> list[Key]:
        """What was heard so far."""
        return [
            Key(self._origin + tone.begin * SECOND // self._rate, side, tone.key, "inband")
            for side, ear in self._ears.items()
            for tone in ear.found
        ]

    def _hear(self, chunk: Stereo) -> None:
        for number, ear in enumerate(self._ears.values()):
            ear.hear(np.ascontiguousarray(chunk[:, number]))

    def _finish(self) -> None:
        for ear in self._ears.values():
            ear.finish()

    def _silence(self, held: Stereo, place: int, told: Iterable[Key]) -> None:
        margin, leak = round(MARGIN_S * self._rate), round(LEAK_S * self._rate)
        announced = list(told)
        for number, (side, ear) in enumerate(self._ears.items()):
            spans = [(tone.begin - margin, tone.end + margin) for tone in _sounding(ear)]
            events = ((key.at - self._origin) * self._rate // SECOND for key in announced if key.side is side)
            for begin, end in [*spans, *((at - leak, at + margin) for at in events)]:
                held[max(0, begin - place) : max(0, end - place), number] = 0


def _sounding(ear: Tones) -> list[Tone]:
    return [*ear.found[-64:], *([ear.sounding] if ear.sounding else [])]
