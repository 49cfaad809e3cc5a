"""S3 over HTTP/1.1: one question, one answer, on connections that are kept. Which answers are errors of ours is said in `_s3_client.py`.

boto3 did this before, at 1.2 ms of processor a look and 2 ms a put, of which HTTP is 0.1 (`benchmarks/RESULTS.md`). What we rely on:
time-outs by progress, never in total; a small send buffer, so that a slow line shows its progress instead of swallowing a part and
answering a minute later; the hash that is signed is the one the body had when it was sealed, so that nothing is read twice to be signed,
and what a disk or the memory has changed since is refused by every server that checks a signature (SigV4: x-amz-content-sha256).
"""

from __future__ import annotations

import errno
import http.client
import select
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import NamedTuple

from uploader.source import PIECE, Slice
from uploader.stores._s3_sign import EMPTY, Keys, Question, authorization, path_of, query_of

SEND_BUFFER = 256 * 1024
CONTINUE_S = 1.0
"""How long a server may take to say that it wants the body (RFC 9110 §10.1.1: it need not say so)."""
_IDLE = 8
"""Connections that are kept for the next question."""
_MOST = 32 << 20
"""No answer that is read at once is longer."""
_BROKEN = (OSError, http.client.HTTPException)


class UnreachedError(Exception):
    """No answer came, or not a whole one; its words say why to a person: DNS, certificate, refused, silent, broken off."""


class Place(NamedTuple):
    """Where a bucket is."""

    secure: bool
    host: str
    port: int
    path: str
    """Of the bucket: "/bucket", or "" where it is part of the host's name."""

    @property
    def name(self) -> str:
        """The header `Host`."""
        return self.host if self.port == (443 if self.secure else 80) else f"{self.host}:{self.port}"


class Patience(NamedTuple):
    """Seconds: for a connection and for 64 kB to leave; without any progress of the answer."""

    connect: float
    read: float


@dataclass(slots=True)
class ServerClock:
    """What the server's answers say about the time."""

    offset: timedelta = timedelta()
    """Added to our clock when we sign; zero until the server has refused our time."""
    seen: timedelta = timedelta()
    """How far the server's clock is ahead of ours, by its last answer."""

    def look(self, date: str) -> None:
        """An answer bore this `Date`."""
        try:
            self.seen = parsedate_to_datetime(date) - datetime.now(UTC)
        except (TypeError, ValueError):
            return

    def believe(self) -> None:
        """Our time was refused: sign with the server's from now on."""
        self.offset = self.seen


class Ask(NamedTuple):
    """One question about the bucket, or about a key in it."""

    method: str
    key: str = ""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: Slice | bytes = b""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Wire:
    """The way to one bucket; any number of threads may ask."""

    def __init__(self, place: Place, keys: Keys, patience: Patience, context: ssl.SSLContext | None) -> None:
        self._place, self._keys, self._patience, self._context = place, keys, patience, context
        self._idle: list[socket.socket] = []
        self.clock = ServerClock()

    def ask(self, ask: Ask) -> Answer:
        """Ask, and read the whole answer, whatever it is. Raises UnreachedError."""
        with self.asked(ask) as answer:
            body = answer.read(_MOST)
            if answer.length:  # not all of it came
                raise UnreachedError("the answer broke off")
        return Answer(answer.status, answer.headers, body)

    @contextmanager
    def asked(self, ask: Ask) -> Iterator[http.client.HTTPResponse]:
        """Ask; the answer is read in the block, and what broke there is told in the same way. Raises UnreachedError."""
        with _told("the server does not answer"):
            line = self._line()
        answer = http.client.HTTPResponse(line, method=ask.method)
        try:
            with _told("the line stands still"):
                again = self._say(line, ask, answer)
            with _told("the server fell silent"):
                line.settimeout(self._patience.read)
                answer.begin()
                self.clock.look(answer.headers.get("date", ""))
                yield answer
                again = again and answer.isclosed() and not answer.will_close
        except BaseException:
            answer.close()
            line.close()
            raise
        if again and len(self._idle) < _IDLE:
            self._idle.append(line)
        else:
            answer.close()
            line.close()

    def close(self) -> None:
        """Let the connections go; the next question makes one."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        """Whoever forgot to close leaves no connection behind."""
        self.close()

    def _say(self, line: socket.socket, ask: Ask, answer: http.client.HTTPResponse) -> bool:
        """Send the question; whether another may follow it on this connection, as all of it went."""
        size = len(ask.body)
        patient = (
            size > SEND_BUFFER
        )  # a large body leaves only when the server wants it; a small one is gone before it could say so
        head = self._head(ask, size, patient)
        line.settimeout(self._patience.connect)
        if isinstance(ask.body, bytes):
            line.sendall(head + ask.body)
            return True
        return self._send(line, head, ask.body, answer, patient)

    def _send(self, line: socket.socket, head: bytes, body: Slice, answer: http.client.HTTPResponse, patient: bool) -> bool:
        """Head and body; False where the server answered before it had all of it."""
        body.hush(False)
        if patient:
            line.sendall(head)
            if _readable(line, CONTINUE_S) and not answer.fp.peek(16).startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
                return False
            head = b""
        try:
            while piece := body.read(PIECE):
                line.sendall(head + piece if head else piece)
                head = b""
        except (BrokenPipeError, ConnectionResetError):
            if not _readable(line, 0):
                raise
            return False  # it had its reason, and says it
        if head:
            line.sendall(head)
        return True

    def _head(self, ask: Ask, size: int, patient: bool) -> bytes:
        hashed = sha256(ask.body).hexdigest() if isinstance(ask.body, bytes) and ask.body else getattr(ask.body, "sha256", EMPTY)
        now = datetime.now(UTC) + self.clock.offset
        headers = {
            "host": self._place.name, "x-amz-content-sha256": hashed, "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}", **ask.headers
        }  # fmt: skip
        path, query = self._place.path + (f"/{path_of(ask.key)}" if ask.key else "") or "/", query_of(ask.query)
        signed = authorization(Question(ask.method, path, query, headers), hashed, self._keys)
        lines = [
            f"{ask.method} {path}{'?' if query else ''}{query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()),
            f"authorization: {signed}", "accept-encoding: identity", "user-agent: appliance",
        ]  # fmt: skip
        if size or ask.method in ("PUT", "POST"):
            lines.append(f"content-length: {size}")
        if patient:
            lines.append("expect: 100-continue")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def _line(self) -> socket.socket:
        """A connection: one that was kept and which the server has not ended meanwhile, or a new one."""
        while self._idle:
            try:
                line = self._idle.pop()
            except IndexError:  # another thread took it
                break
            if not _readable(line, 0):
                return line
            line.close()
        line = socket.create_connection((self._place.host, self._place.port), self._patience.connect)
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            return self._context.wrap_socket(line, server_hostname=self._place.host) if self._context else line
        except OSError:
            line.close()
            raise


def _readable(line: socket.socket, seconds: float) -> bool:
    """Whether something has come: an answer, or the end."""
    if isinstance(line, ssl.SSLSocket) and line.pending():
        return True
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


@contextmanager
def _told(silence: str) -> Iterator[None]:
    """What breaks in this block, in words for a person; `silence` are those for a time-out. Raises UnreachedError."""
    try:
        yield
    except _BROKEN as error:
        words = silence if isinstance(error, TimeoutError) else _words(error)
        raise UnreachedError(f"{words}: {error}" if words else str(error) or type(error).__name__) from error


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "the certificate is not from an authority that this box trusts; set store.options.ca_file or see whether a sign-in page or a "
            "filter stands in between"
        )
    return next((words for kind, words in _KINDS if isinstance(error, kind)), _NUMBERS.get(getattr(error, "errno", None) or 0, ""))


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLError, "TLS failed, does a sign-in page or a filter stand in between"),
    (socket.gaierror, "DNS does not know the name"),
    (ConnectionRefusedError, "the server refuses connections"),
)
_NUMBERS = {errno.ENETUNREACH: "there is no way to the network", errno.EHOSTUNREACH: "there is no way to the server"}
