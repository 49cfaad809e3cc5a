"""Pauses inside a call: what arrives while one lasts is dropped before it reaches the spool, precise to the moment of the command. Pure.

A pause is told by somebody (API) or by keys that the site's own side presses. Its history is a list of marks, each of them durable on the
spool (`blocks.PAUSE`) before it is acknowledged, so that the recorder that comes next goes on paused. A pause ends with a resume, or by
itself at `until`: a forgotten one does not cost the rest of the talk. Packets are judged by their own time of capture. A call that is
kept on demand only begins with a pause (`demand.py`), which ends when somebody asks for it.

Keys that are pressed in a pause are kept nowhere: their packets are dropped, those that repeat the same key behind its end too, and SIP
requests that carry keys are not put on the spool. In SRTP keys are not recognised: they are opened only at rendering.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from appliance.config import Capture
from appliance.ids import CallId, SegmentId
from appliance.moments import SECOND
from appliance.records import Direction, Side
from capture.marks import DEMAND, FOREVER, Mark, Span, spans
from capture.media import Stream
from capture.pressed import KEYS, key_of
from capture.sip import Message
from capture.walk import STAMP

MAX_MARKS = 1000
TOGETHER = 5 * SECOND
"""Keys further apart are no sequence."""
TWICE = SECOND
"""The same key of one side by another way (RTP and INFO, two hops) within this time is one."""
CARRIES_KEYS = frozenset({"INFO", "NOTIFY", "MESSAGE"})
EVENTS = "TELEPHONE-EVENT"


class PauseRefusedError(Exception):
    """The command makes no sense for this call; the text is the sentence for whoever gave it."""


class Pressed(NamedTuple):
    """A key, and the way it came by: a stream's segment or a SIP tag."""

    at: int
    side: Side
    key: str
    way: str


@dataclass(slots=True)
class _History:
    """What is known of one call."""

    marks: list[Mark] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    tails: dict[SegmentId, bytes] = field(default_factory=dict)
    """The RTP timestamp of the last event that was dropped of each stream: its repetitions are dropped too."""
    hidden: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=64))
    """(tag, CSeq) of requests that were not put on the spool: their retransmissions are not either."""


class Pauses:
    """The pauses of every call under way."""

    def __init__(self, told: Capture, demands: bool = False) -> None:
        self._limit = told.pause_minutes * 60 * SECOND
        asks = told.record_digits if demands else ""
        commands = ((told.pause_digits, True), (asks, False), (told.resume_digits, False))
        self._commands = {keys: paused for keys, paused in commands if keys}
        self._asks = asks if asks != told.resume_digits else ""
        self.listens = bool(self._commands)
        """Whether keys are commands; not while a stopped recorder's calls are rebuilt: those were obeyed then."""
        self._calls: dict[CallId, _History] = {}
        self._pressed: dict[tuple[CallId, Side], deque[Pressed]] = {}
        self._events: dict[SegmentId, bytes] = {}

    def __contains__(self, call: CallId) -> bool:
        return call in self._calls

    def paused(self, call: CallId, at: int) -> Span | None:
        """The pause that lasts at this moment."""
        found = self._calls.get(call)
        return next((span for span in found.spans if span.begin <= at < span.end), None) if found else None

    def waits(self, call: CallId) -> bool:
        """Whether nobody has asked yet for a call that is kept on demand only."""
        history = self._calls.get(call)
        return history is not None and history.marks[-1].paused and history.marks[-1].how == DEMAND

    def was_asked(self, call: CallId) -> bool:
        """Whether somebody asked for a call that is kept on demand only."""
        return any(mark.how != DEMAND for mark in self._ends_of_waiting(call))

    def was_let_go_on(self, call: CallId) -> bool:
        """Whether somebody asked for it, or a rule wanted it after all."""
        return bool(self._ends_of_waiting(call))

    def _ends_of_waiting(self, call: CallId) -> list[Mark]:
        history = self._calls.get(call)
        marks = history.marks if history else []
        return [two for one, two in pairwise(marks) if one.how == DEMAND and one.paused and not two.paused]

    def last(self, call: CallId) -> Mark:
        """The call's newest mark; it has one."""
        return self._calls[call].marks[-1]

    def command(self, call: CallId, at: int, *, pause: bool, who: str, how: str, why: str) -> Mark:
        """Pause or resume from this moment on. Raises PauseRefusedError."""
        history = self._calls.get(call, _History())
        last = history.marks[-1].at if history.marks else 0
        at = max(at, last + 1)
        if pause == (self.paused(call, at) is not None):
            raise PauseRefusedError(f"call {call}: is {'paused already' if pause else 'not paused'}")
        if len(history.marks) >= MAX_MARKS:
            raise PauseRefusedError(f"call {call}: was paused and resumed {MAX_MARKS} times; it stays as it is")
        until = at + self._limit if pause and self._limit and how != DEMAND else FOREVER
        mark = Mark(at, pause, until if pause else 0, who, how, why)
        self.restore(call, [*history.marks, mark])
        return mark

    def restore(self, call: CallId, marks: list[Mark]) -> None:
        """These marks are the call's history."""
        if marks:
            history = self._calls.setdefault(call, _History())
            history.marks, history.spans = marks, spans(marks)

    def due(self, at: int) -> list[tuple[CallId, Mark]]:
        """Pauses that have come to their end by themselves; each is told once."""
        found = []
        for call, history in self._calls.items():
            last = history.marks[-1]
            if last.paused and last.until <= at:
                mark = Mark(last.until, False, 0, last.who, "limit", "")
                self.restore(call, [*history.marks, mark])
                found.append((call, mark))
        return found

    def forget(self, call: CallId, segments: Iterable[SegmentId]) -> None:
        """The call is over."""
        self._calls.pop(call, None)
        for side in Side:
            self._pressed.pop((call, side), None)
        for segment in (*segments, SegmentId(call)):
            self._events.pop(segment, None)

    def gate(self, stream: Stream, block: bytes) -> list[bytes]:
        """What of these packets was not captured in a pause, in parts between which something was dropped."""
        history = self._calls[stream.call]
        events = _event_types(stream)
        tail = history.tails.get(stream.segment, b"")
        parts, begin, place, end = [], 0, 0, len(block)
        while place < end:
            at, length = STAMP.unpack_from(block, place)
            head = place + STAMP.size
            after = head + length
            is_event = block[head + 1] & 127 in events
            silent = any(span.begin <= at < span.end for span in history.spans)
            if silent or (is_event and block[head + 4 : head + 8] == tail):
                parts.append(block[begin:place])
                begin = after
                stream.seen = max(stream.seen, at)
                if is_event:
                    tail = history.tails[stream.segment] = block[head + 4 : head + 8]
            place = after
        return [*parts, block[begin:]]

    def pressed(self, stream: Stream, block: bytes) -> list[Pressed]:
        """Keys in what a stream has gathered, each once."""
        events = _event_types(stream)
        if not events or stream.secrecy:
            return []
        found, place = [], 0
        while place < len(block):
            at, length = STAMP.unpack_from(block, place)
            head = place + STAMP.size
            place = head + length
            if block[head + 1] & 127 in events and length >= 16:
                stamp, event = bytes(block[head + 4 : head + 8]), block[head + 12 + 4 * (block[head] & 15)]
                if event < len(KEYS) and self._events.get(stream.segment) != stamp:
                    self._events[stream.segment] = stamp
                    found.append(Pressed(at, stream.speaker, KEYS[event], stream.segment))
        return found

    def heard(self, call: CallId, pressed: Pressed, direction: Direction) -> Mark | None:
        """What a key commands, if it ends a sequence of the site's own side."""
        if pressed.side not in _ours(direction):
            return None
        keys = self._pressed.setdefault((call, pressed.side), deque(maxlen=16))
        if any(key.key == pressed.key and key.way != pressed.way and pressed.at - key.at <= TWICE for key in keys):
            return None
        keys.append(pressed)
        recent = "".join(key.key for key in keys if pressed.at - key.at <= TOGETHER)
        for sequence, pause in self._commands.items():
            fits = sequence != self._asks or self.waits(call)
            if fits and recent.endswith(sequence) and pause == (self.paused(call, pressed.at) is None):
                keys.clear()
                # the key that resumes was itself pressed in the pause
                at = pressed.at + (0 if pause else 1)
                try:
                    return self.command(call, at, pause=pause, who=pressed.side.value, how="digits", why="")
                except PauseRefusedError:
                    return None
        return None

    def told(self, call: CallId, message: Message, tag: str, side: Side, at: int) -> tuple[Pressed | None, bool]:
        """The key in a SIP request, and whether the request must not be put on the spool."""
        request = tag, message.sequence
        history = self._calls.get(call)
        if history is not None and request in history.hidden:
            return None, True
        hide = history is not None and self.paused(call, at) is not None
        if hide and history is not None:
            history.hidden.append(request)
        key = key_of(message) if message.method == "INFO" and self.listens else ""
        way, number = SegmentId(call), f"{tag} {message.sequence}".encode()
        if key and self._events.get(way) == number:  # sent once more
            key = ""
        elif key:
            self._events[way] = number
        return (Pressed(at, side, key, "info") if key else None), hide


def _event_types(stream: Stream) -> set[int]:
    return {number for number, encoding in stream.encodings.items() if encoding.name == EVENTS}


def _ours(direction: Direction) -> tuple[Side, ...]:
    """The sides that sit at the site."""
    return {Direction.INBOUND: (Side.CALLED,), Direction.OUTBOUND: (Side.CALLER,)}.get(direction, tuple(Side))
