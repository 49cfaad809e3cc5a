"""SIP over WebSocket (RFC 7118 in RFC 6455): one direction of a connection, cut into SIP messages. Pure, bounded.

A direction begins with its half of the HTTP upgrade, whose `Sec-WebSocket-Protocol` names `sip`; then come frames. A connection that
is met in its middle is taken up where a segment begins with a frame whose payload looks like SIP. Messages may be in fragments, with
control frames between them (§5.4), masked (§5.3), and deflated (RFC 7692): the frames themselves say so, and a sender's window is
carried on from message to message, which is right whether or not it was agreed to keep it. WebSocket over TLS is dark.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from capture.sip import MAX_START_LINE, looks_like_sip

MAX_HEAD = 16 * 1024
MAX_MESSAGE = 256 * 1024
"""Of a message, also when it is inflated: more is a bomb, or no SIP."""
_FIN, _DEFLATED, _RESERVED, _OPCODE, _MASKED = 0x80, 0x40, 0x30, 0x0F, 0x80
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_STARTS = (b"GET ", b"HTTP/1.1 101")
_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\nupgrade[ \t]*:[^\n]*websocket", re.IGNORECASE)
_SIP = re.compile(rb"\nsec-websocket-protocol[ \t]*:(?:[^\n]*[ \t,])?sip[ \t]*(?:,|\r)", re.IGNORECASE)
_FLUSH = b"\x00\x00\xff\xff"
"""What a sender leaves out at the end of a deflated message (RFC 7692 §7.2.1)."""


class WebSocketError(ValueError):
    """The bytes are no WebSocket frame; `name` is the weird that is counted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Frame(NamedTuple):
    """One frame, unmasked (§5.2)."""

    final: bool
    deflated: bool
    opcode: int
    payload: bytes


def parse(data: bytes | bytearray) -> tuple[Frame, int] | None:
    """The frame at the beginning and its length; None while it is incomplete. Raises WebSocketError."""
    head = _head(data)
    if head is None:
        return None
    start, size = head
    if len(data) < start + size:
        return None
    payload = bytes(data[start : start + size])
    if data[1] & _MASKED:
        payload = _unmasked(payload, bytes(data[start - 4 : start]))
    return Frame(bool(data[0] & _FIN), bool(data[0] & _DEFLATED), data[0] & _OPCODE, payload), start + size


def _head(data: bytes | bytearray) -> tuple[int, int] | None:
    """Where the payload begins, and its size."""
    if len(data) < 2:
        return None
    opcode, size, start = data[0] & _OPCODE, data[1] & 0x7F, 2
    control = opcode & 8
    if data[0] & _RESERVED or opcode not in (_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
        raise WebSocketError("websocket-damaged")
    if control and (size > 125 or not data[0] & _FIN or data[0] & _DEFLATED):
        raise WebSocketError("websocket-damaged")
    if size >= 126:
        start = 4 if size == 126 else 10
        if len(data) < start:
            return None
        size = int.from_bytes(data[2:start], "big")
    if size > MAX_MESSAGE:
        raise WebSocketError("websocket-message-long")
    start += 4 if data[1] & _MASKED else 0
    return None if len(data) < start else (start, size)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    stream = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


class WebSocket:
    """One direction; whole or byte by byte gives the same. `weirds` are what went wrong, for whoever counts them."""

    def __init__(self, *, in_frames: bool = False) -> None:
        self._held = bytearray()
        self._in_frames = in_frames
        self._over = False
        self._message = bytearray()
        self._deflated = False
        self._begun = False
        self._window = zlib.decompressobj(-15)
        self.weirds: list[tuple[str, bytes]] = []

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame or message."""
        return len(self._held) + len(self._message)

    @property
    def plausible(self) -> bool:
        """Whether SIP may still come."""
        return not self._over

    @staticmethod
    def resumes(payload: bytes) -> bool:
        """Whether a connection whose middle was lost can be taken up with this segment."""
        return begins_in_frames(payload)

    def anew(self) -> WebSocket:
        """One for the same stream behind a hole."""
        return WebSocket(in_frames=True)

    def feed(self, data: bytes) -> list[bytes]:
        """The SIP messages that these bytes complete."""
        if self._over:
            return []
        self._held += data
        if not self._in_frames and not self._read_head():
            return []
        found: list[bytes] = []
        try:
            while (whole := parse(self._held)) is not None:
                frame, length = whole
                del self._held[:length]
                if (message := self._take(frame)).strip(b"\r\n"):  # line ends alone keep the connection alive (RFC 7118 §6)
                    found.append(message)
        except WebSocketError as error:
            self.weirds.append((error.name, bytes(self._held[:256])))
            self._end()
        return found

    def _read_head(self) -> bool:
        """Whether the HTTP upgrade is through; anything but one for SIP ends the matter."""
        end = self._held.find(_END)
        if end < 0:
            if len(self._held) > MAX_HEAD:
                self._end()
            return False
        head = bytes(self._held[: end + 2])
        if not (_UPGRADE.search(head) and _SIP.search(head)):
            self._end()
            return False
        del self._held[: end + len(_END)]
        self._in_frames = True
        return True

    def _take(self, frame: Frame) -> bytes:
        """The message that this frame completes; b"" where it completes none."""
        if frame.opcode == _CLOSE:
            self._end()
        if frame.opcode & 8:
            return b""
        if frame.opcode == _CONTINUED:
            if not self._begun or frame.deflated:  # its beginning was not seen: wait for the next message
                return b""
        else:
            self._message.clear()
            self._begun, self._deflated = True, frame.deflated
        self._message += frame.payload
        if len(self._message) > MAX_MESSAGE:
            raise WebSocketError("websocket-message-long")
        if not frame.final:
            return b""
        message = bytes(self._message)
        self._message.clear()
        self._begun = False
        return self._inflate(message) if self._deflated else message

    def _inflate(self, message: bytes) -> bytes:
        try:
            plain = self._window.decompress(message + _FLUSH, MAX_MESSAGE)
            if not self._window.unconsumed_tail:
                if self._window.eof:  # a final block (RFC 7692 §7.2.3.4): the next message begins another stream
                    self._window = zlib.decompressobj(-15)
                return plain
            name = "websocket-message-long"
        except zlib.error:  # it leans on a message that was not seen
            name = "websocket-not-inflated"
        self.weirds.append((name, message[:256]))
        self._window = zlib.decompressobj(-15)
        return b""

    def _end(self) -> None:
        self._over = True
        self._held.clear()
        self._message.clear()


def begins_with_head(payload: bytes) -> bool:
    """Whether a segment begins an HTTP upgrade to SIP, or may do so: its header is not whole yet."""
    if not any(payload.startswith(start) or start.startswith(payload) for start in _STARTS):
        return False
    end = payload.find(_END)
    return end < 0 or bool(_UPGRADE.search(payload, 0, end + 2) and _SIP.search(payload, 0, end + 2))


def begins_in_frames(payload: bytes) -> bool:
    """Whether a segment begins with a data frame whose payload looks like SIP; it need not be whole."""
    if len(payload) < 2 or payload[0] & _RESERVED or payload[0] & _OPCODE not in (_TEXT, _BINARY):
        return False
    try:
        head = _head(payload)
    except WebSocketError:
        return False
    if head is None:
        return False
    start, size = head
    text = payload[start : start + min(size, MAX_START_LINE)]
    if payload[1] & _MASKED:
        text = _unmasked(text, payload[start - 4 : start])
    if payload[0] & _DEFLATED:
        try:
            text = zlib.decompressobj(-15).decompress(text, MAX_START_LINE)
        except zlib.error:
            return False
    return looks_like_sip(text)
