"""Signalling over TCP: segments put in order, streams cut into messages: SIP by its Content-Length (RFC 3261 §18.3), or in WebSocket
frames; Skinny by the length it begins with. Pure, bounded.

Only streams whose bytes look like signalling are followed, on any port. A stream may be met in its middle, and a mirror may lose a
segment: when it has not come within 2 s (or much else has), what is incomplete is given up (and counted) and the stream is taken up
again where a segment begins with a message. Where there are too many streams, the one that was silent longest is let go (and counted).
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from appliance.moments import SECOND
from capture import sccp, websocket
from capture.effects import Weird
from capture.frames import Address, Segment
from capture.sip import MAX_START_LINE, looks_like_sip

MAX_STREAMS = 2000
MAX_MESSAGE = 256 * 1024
MAX_AHEAD = 64
PATIENCE = 2 * SECOND
"""How long a missing segment may take: the sender repeats what the network lost after about a second (RFC 6298 §2)."""
IDLE = 3600 * SECOND
_HALF = 1 << 31
_WRAP = 1 << 32

_STARTS = (
    b"SIP/2.0 ", b"INVITE ", b"ACK ", b"BYE ", b"CANCEL ", b"OPTIONS ", b"REGISTER ", b"PRACK ", b"UPDATE ", b"INFO ",
    b"REFER ", b"NOTIFY ", b"SUBSCRIBE ", b"MESSAGE ", b"PUBLISH ",
)  # fmt: skip
_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?:^|\n)(?:content-length|l)[ \t]*:(?:[ \t]|\r?\n[ \t])*(\d{1,7})", re.IGNORECASE)


class Framed(NamedTuple):
    """One message's bytes and who sent it to whom."""

    source: Address
    destination: Address
    data: bytes


class Framer(Protocol):
    """Cuts one direction of a byte stream into messages."""

    weirds: list[tuple[str, bytes]]
    """(name, sample) of what went wrong; whoever reads it clears it."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete."""

    @property
    def plausible(self) -> bool:
        """Whether a message may still come."""

    @staticmethod
    def resumes(payload: bytes) -> bool:
        """Whether a stream with a hole can be taken up with this segment."""

    def anew(self) -> Framer:
        """One for the same stream behind a hole."""


class Messages:
    """SIP as it stands in the stream; whole or byte by byte gives the same."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.weirds: list[tuple[str, bytes]] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete. What cannot become a message is dropped up to the next that may."""
        self._held += data
        found: list[bytes] = []
        while True:
            self._skip_line_ends()
            end = _END.search(self._held)
            if end is None:
                self._give_up_beyond(MAX_MESSAGE)
                return found
            length = _LENGTH.search(self._held, 0, end.start())
            size = end.end() + (int(length[1]) if length else 0)
            if len(self._held) < size:
                self._give_up_beyond(MAX_MESSAGE)
                return found
            found.append(bytes(self._held[:size]))
            del self._held[:size]

    @staticmethod
    def resumes(payload: bytes) -> bool:
        """Whether a stream with a hole can be taken up with this segment."""
        return looks_like_sip(payload)

    def anew(self) -> Messages:
        """One for the same stream behind a hole."""
        return Messages()

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._held)

    @property
    def plausible(self) -> bool:
        """Whether what waits may still become a SIP message."""
        return b"\n" not in self._held or looks_like_sip(bytes(self._held[:MAX_START_LINE]))

    def _skip_line_ends(self) -> None:
        """CRLF between messages keeps connections alive (RFC 5626 §3.5.1)."""
        begin = 0
        while begin < len(self._held) and self._held[begin] in b"\r\n":
            begin += 1
        del self._held[:begin]

    def _give_up_beyond(self, limit: int) -> None:
        if len(self._held) > limit:
            self.weirds.append(("tcp-message-long", bytes(self._held[:256])))
            self._held.clear()


_Key = tuple[Address, Address]
"""Who sends to whom."""


class _Stream:
    __slots__ = ("ahead", "messages", "next", "seen_at", "stuck_at")

    def __init__(self, sequence: int, now: int, messages: Framer) -> None:
        self.next = sequence
        self.ahead: dict[int, bytes] = {}
        self.messages = messages
        self.seen_at = self.stuck_at = now


class Streams:
    """All TCP streams that carry signalling."""

    def __init__(self) -> None:
        self._streams: dict[_Key, _Stream] = {}
        """The one that was silent longest stands first."""
        self._weirds: list[Weird] = []
        self.gaps = 0
        """How often a segment was never seen and a message given up."""
        self.forgotten = 0
        """Streams that were let go because there were too many."""

    def __len__(self) -> int:
        return len(self._streams)

    def segment(self, segment: Segment, now: int) -> list[Framed]:
        """The messages that this segment completes."""
        key = (segment.source, segment.destination)
        if segment.syn:
            self._streams.pop(key, None)
            return []
        stream = self._streams.pop(key, None)
        if stream is None:
            if (messages := _framer(segment.payload, sccp.PORT in (segment.source.port, segment.destination.port))) is None:
                return []
            stream = self._open(segment.sequence, now, messages)
        self._streams[key] = stream
        stream.seen_at = now
        found = self._in_order(key, stream, segment) if segment.payload else []
        while segment.fin and stream.ahead:
            found += self._jump(key, stream)
        if segment.fin or not stream.messages.plausible:
            self._streams.pop(key, None)
        self._hear(stream)
        return [Framed(*key, data) for data in found]

    def take_weirds(self) -> list[Weird]:
        """What went wrong within streams, since the last time."""
        found, self._weirds = self._weirds, []
        return found

    def expire(self, now: int) -> list[Framed]:
        """The messages behind segments that did not come; streams on which nothing came for an hour are forgotten."""
        found: list[Framed] = []
        for key, stream in list(self._streams.items()):
            if stream.ahead and now - stream.stuck_at > PATIENCE:
                found += [Framed(*key, data) for data in self._jump(key, stream)]
                self._hear(stream)
            if now - stream.seen_at > IDLE:
                self._streams.pop(key, None)
        return found

    def _open(self, sequence: int, now: int, messages: Framer) -> _Stream:
        while len(self._streams) >= MAX_STREAMS:
            self._streams.pop(next(iter(self._streams)))
            self.forgotten += 1
        return _Stream(sequence, now, messages)

    def _hear(self, stream: _Stream) -> None:
        if stream.messages.weirds:
            self._weirds += [Weird(*weird) for weird in stream.messages.weirds]
            stream.messages.weirds.clear()

    def _in_order(self, key: _Key, stream: _Stream, segment: Segment) -> list[bytes]:
        behind = (stream.next - segment.sequence) % _WRAP
        if behind < _HALF:
            fresh = segment.payload[behind:]
            if not fresh:
                return []
            stream.next = (stream.next + len(fresh)) % _WRAP
            return stream.messages.feed(fresh) + self._catch_up(stream)
        if not stream.ahead:
            stream.stuck_at = stream.seen_at
        if len(segment.payload) > len(stream.ahead.get(segment.sequence, b"")):
            stream.ahead[segment.sequence] = segment.payload
        if len(stream.ahead) > MAX_AHEAD or (stream.messages.resumes(segment.payload) and len(stream.ahead) > 8):
            return self._jump(key, stream)
        return []

    def _catch_up(self, stream: _Stream) -> list[bytes]:
        """Segments that came early and whose turn it is now."""
        found: list[bytes] = []
        progress = True
        while progress and stream.ahead:
            progress = False
            for sequence in sorted(stream.ahead, key=lambda start: (start - stream.next + _HALF) % _WRAP):
                behind = (stream.next - sequence) % _WRAP
                if behind < _HALF:
                    fresh = stream.ahead.pop(sequence)[behind:]
                    stream.next = (stream.next + len(fresh)) % _WRAP
                    found += stream.messages.feed(fresh)
                    progress = True
        return found

    def _jump(self, key: _Key, stream: _Stream) -> list[bytes]:
        """The missing segment will not come: go on at the first early one that begins a message; without one, wait for the next."""
        self.gaps += 1
        self._hear(stream)
        starts = sorted(stream.ahead, key=lambda start: (start - stream.next) % _WRAP)
        while starts and not stream.messages.resumes(stream.ahead[starts[0]]):
            del stream.ahead[starts.pop(0)]
        if not starts:
            self._streams.pop(key, None)
            return []
        stream.next = starts[0]
        stream.messages = stream.messages.anew()
        return self._catch_up(stream)


def _framer(payload: bytes, skinny: bool) -> Framer | None:
    """What cuts a stream that begins so; None where it is no signalling. Its start line may still be on its way, byte by byte.

    `skinny`: it is on the port of Skinny.
    """
    if not payload:
        return None
    if looks_like_sip(payload) or any(payload.startswith(start) or start.startswith(payload) for start in _STARTS):
        return Messages()
    if websocket.begins_with_head(payload):
        return websocket.WebSocket()
    if websocket.begins_in_frames(payload):
        return websocket.WebSocket(in_frames=True)
    if sccp.begins_connection(payload, usual=skinny):
        return sccp.Messages()
    return None
