"""A call under way as growing stereo sound: its spool files followed as they grow, a little more than a second behind the wire.

The same cores as at rendering (timeline, codecs, channels), fed with what was written last instead of a whole file.
Packets wait HOLD for those that were overtaken; sound is given out DELAY behind the clock, silence where there was none to be had. What
is not on the spool (a pause, an excluded call) cannot be heard here either. The files are only read.

Of a leg that an exchange made of the call is heard what `talk.py` hears of it at rendering: streams that reach, or come from, an address
announced within the call itself (direct media). What the exchange relays there is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from capture import blocks
from capture.announced import announced
from capture.index import Packets, index, join
from capture.media import Mode
from capture.payloads import Encoding
from capture.sdp import SrtpKey
from capture.spool import SIGNALLING
from capture.srtp import Opener
from capture.stereo import Channel, Piece
from capture.voice import Survey, Voice
from capture.walk import STAMP

DELAY = SECOND * 5 // 4
"""More than the tap waits before it writes (`tap.py`)."""
HOLD = 600 * MILLISECOND
AHEAD_S = 5
"""Sound that a sender's clock puts further into the future is dropped: nothing may pile up."""
READ = 1 << 20
RATE = 48000
"""Always: a browser begins to play only once it has some 245 kB, however little sound that is (measured in Chromium: 7.7 s of a WAV at
8 kHz, 1.7 s of one at 48 kHz). The bytes cost a LAN nothing; a listener is about three seconds behind in all."""


class _Queue(Iterator[Piece]):
    """Pieces as they come; empty is "nothing yet"."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()

    def __next__(self) -> Piece:
        if not self._pieces:
            raise StopIteration
        return self._pieces.popleft()

    def put(self, piece: Piece) -> None:
        """One more."""
        self._pieces.append(piece)


class Tail:
    """One stream's file, read on from where it ended the last time. Packets before `since` (ns) are passed over."""

    def __init__(self, path: Path, since: int) -> None:
        self.survey = Survey(path)
        self.waiting: list[Packets] = []
        self._since = since
        self._place = 0
        self._opener: Opener | None = None

    def read(self) -> None:
        """Take in what has been written meanwhile. Raises OSError."""
        with self.survey.path.open("rb") as file:
            size = READ
            while True:
                file.seek(self._place)
                data = file.read(size)
                found, used = blocks.whole(data)
                self._place += used
                for block in found:
                    self._take(block)
                if len(data) < size or size > blocks.MAX_BODY:
                    return
                size = READ if used else size * 2

    def _take(self, block: blocks.Block) -> None:
        if block.kind == blocks.DESCRIPTION:
            self._describe(block.body)
        elif block.kind == blocks.PACKETS and len(block.body) >= STAMP.size:
            # SRTP is opened from the beginning on, for its rollover counter
            body = self._opener.open(block.body) if self._opener else block.body
            if STAMP.unpack_from(block.body)[0] >= self._since - SECOND and body:
                part = index(body)
                self.survey.payload_types.update(part.payload_type.tolist())
                self.waiting.append(part)

    def _describe(self, body: bytes) -> None:
        facts, found = blocks.read_description(body), self.survey
        found.speaker, found.ends = Side(facts["speaker"]), blocks.ends(facts)
        found.encodings.update({int(number): Encoding(*told) for number, told in facts["encodings"].items()})
        found.keys = dict.fromkeys([*(SrtpKey(*key) for key in facts.get("keys", [])), *found.keys])
        found.secrecy.update({int(since): Mode(mode) for since, mode in facts.get("secrecy", [])})
        if found.secrecy:
            self._opener = Opener(found.keys, found.secrecy.items())


class Follower:
    """The sound of one call from now on."""

    def __init__(self, folder: Path, now: int) -> None:
        self._folder = folder
        self._legs: list[Path] = []
        self._announced: frozenset[str] = frozenset()
        self._told = 0
        """The size of the signalling when it was read."""
        self.rate = RATE
        self._origin = now - DELAY
        self._tails: dict[Path, Tail] = {}
        self._voices: dict[Path, tuple[set[int], Voice]] = {}
        self._queues: dict[Path, dict[Side, _Queue]] = {}
        self._channels = {side: Channel([]) for side in Side}
        self._place = 0
        self._look()

    def join(self, leg: Path) -> None:
        """Another call of the same talk, which goes through an exchange, lies in this folder."""
        if leg not in self._legs:
            self._legs.append(leg)

    def sound(self, now: int) -> bytes:
        """16-bit little-endian samples, left the caller, right the called, up to DELAY before now."""
        self._look()
        for path, tail in self._tails.items():
            self._speak(path, tail, now)
        length = max(0, (now - DELAY - self._origin) * self.rate // SECOND - self._place)
        left, right = (self._channels[side].fill(self._place, length)[0] for side in Side)
        self._place += length
        return np.stack([left, right], axis=1).astype("<i2").tobytes()

    def _look(self) -> None:
        """New streams, and what was written to the known ones. Raises OSError where the call's folder is gone."""
        if self._legs:
            self._hear_announcements()
        for path in sorted(path for folder in (self._folder, *self._legs) for path in folder.glob("*.rtp")):
            if path not in self._tails:
                self._tails[path] = Tail(path, self._origin)
                self._queues[path] = {side: _Queue() for side in Side}
                for side in Side:
                    self._channels[side].add(self._queues[path][side])
        for tail in self._tails.values():
            tail.read()

    def _hear_announcements(self) -> None:
        size = (self._folder / SIGNALLING).stat().st_size
        if size != self._told:
            self._told, self._announced = size, announced(self._folder)

    def _is_heard(self, path: Path, found: Survey) -> bool:
        return path.parent == self._folder or not self._announced.isdisjoint(found.ends)

    def _speak(self, path: Path, tail: Tail, now: int) -> None:
        if not tail.waiting or tail.survey.speaker is None:
            return
        packets, tail.waiting = join(tail.waiting), []
        if not self._is_heard(path, tail.survey):
            return
        late = packets.at > now - HOLD
        if late.any():
            tail.waiting.append(packets.pick(late))
        due = packets.pick(~late)
        if not len(due):
            return
        types, voice = self._voices.get(path, (set(), None))
        if voice is None or set(tail.survey.payload_types) - types:  # another codec than before
            voice = Voice(tail.survey, self.rate, self._origin)
            self._voices[path] = set(tail.survey.payload_types), voice
        queue = self._queues[path][tail.survey.speaker]
        for piece in voice.speak(due, final=True):
            if piece.start < self._place + AHEAD_S * self.rate:
                queue.put(piece)
