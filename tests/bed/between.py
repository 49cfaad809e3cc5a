"""What may happen to bytes between us and a server: a TCP relay on loopback that cuts, swallows, slows, changes, or answers itself.

A fault befalls one connection, once: the next on which the marker is sent. A rate holds for all, until it is taken away.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum, auto
from random import Random

TIMEOUT_S = 30.0
_METHODS = (b"PUT ", b"GET ", b"HEAD ", b"POST ", b"DELETE ")
_OWN_ANSWERS = {
    "BUSY": (b"503 Slow Down", b"application/xml", b"<Error><Code>SlowDown</Code><Message>slower</Message></Error>"),
    "ERROR_IN_200": (b"200 OK", b"application/xml", b"<Error><Code>InternalError</Code><Message>sorry</Message></Error>"),
    "PORTAL": (b"200 OK", b"text/html", b"<html><body>Welcome to the network, please sign in</body></html>"),
}


class Fault(Enum):
    """What happens to the first connection on which something of this kind is sent."""

    FLIP = auto()
    """A bit of the request's body changes on the way."""
    LOSE_ANSWER = auto()
    """The request arrives, and the connection breaks before a byte of the answer is back."""
    CUT = auto()
    """The connection breaks within the request."""
    CUT_ANSWER = auto()
    """The connection breaks within the answer, after its first kilobyte."""
    SWALLOW = auto()
    """From here on the bytes of this connection vanish, both ways; it stays open."""
    BUSY = auto()
    """503 SlowDown, Retry-After: 0; the request does not arrive."""
    ERROR_IN_200 = auto()
    """The request does not arrive, and the answer is 200 with an error in its body."""
    PORTAL = auto()
    """A sign-in page answers instead."""


class Relay:
    """Passes connections on to `target` (host, port). A fault that is set befalls the next request that holds `marker`, once."""

    def __init__(
        self,
        target: tuple[str, int],
        marker: bytes,
        connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection,
    ) -> None:
        self._target, self._marker, self._connect = target, marker, connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.happened: list[Fault] = []
        self.rate = 0.0
        """Bytes per second towards the server; 0: as fast as they come."""
        self._next: Fault | None = None
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._run(self._accept)

    def let(self, fault: Fault) -> None:
        """Let this happen to the next request with the marker."""
        self._next = fault

    def close(self) -> None:
        """Take no more connections, and wait for those that there are."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            _hang_up(client)
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def _run(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.settimeout(TIMEOUT_S)
                self._clients.append(client)
                self._run(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        state = _State()
        with client, self._connect(self._target, TIMEOUT_S) as server, ExitStack() as end, suppress(OSError):
            end.callback(_hang_up, server)
            self._run(lambda: _answers(server, client, state))
            while piece := client.recv(1 << 16 if not self.rate else 1 << 13):
                fault = self._befalls(piece, state)
                if fault is not None:
                    self.happened.append(fault)
                    if fault.name in _OWN_ANSWERS:
                        client.sendall(_answer(*_OWN_ANSWERS[fault.name]))
                        return
                    if fault is Fault.CUT:
                        server.sendall(piece[: len(piece) // 2])
                        return
                    if fault is Fault.FLIP:
                        place = self._place(piece)
                        piece = piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]
                    else:
                        state.fault = fault
                if state.fault is not Fault.SWALLOW:
                    server.sendall(piece)
                if self.rate:
                    time.sleep(len(piece) / self.rate)

    def _befalls(self, piece: bytes, state: _State) -> Fault | None:
        """What happens to this piece of a request."""
        if self._next is None or self._marker not in piece:
            return None
        fault, self._next = self._next, None
        return fault

    def _place(self, piece: bytes) -> int:
        """Where a bit flips."""
        return piece.index(self._marker)


class Storm(Relay):
    """Everything happens at random, to one request in so many, again and again while `chance` is above 0."""

    def __init__(self, target: tuple[str, int], seed: int = 0) -> None:
        self.chance = 0.0
        self._random = Random(seed)
        super().__init__(target, b"")

    def _befalls(self, piece: bytes, state: _State) -> Fault | None:
        if not piece.startswith(_METHODS):
            flips, state.flips = state.flips, False
            return Fault.FLIP if flips else None
        if self._random.random() >= self.chance:
            return None
        fault = self._random.choice(list(Fault))
        state.flips = fault is Fault.FLIP  # in the body, which follows
        return None if state.flips else fault

    def _place(self, piece: bytes) -> int:
        return len(piece) - 1


class _State:
    """What has befallen one connection."""

    fault: Fault | None = None
    flips = False


def _answers(server: socket.socket, client: socket.socket, state: _State) -> None:
    with suppress(OSError):
        while piece := server.recv(1 << 16):
            if piece.startswith(b"HTTP/1.1 100") or state.fault is None:
                client.sendall(piece)
            elif state.fault is Fault.CUT_ANSWER:
                client.sendall(piece[:1024])
                break
            elif state.fault is Fault.LOSE_ANSWER:
                break
    if state.fault is not Fault.SWALLOW:
        _hang_up(client)


def _answer(status: bytes, kind: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nRetry-After: 0\r\nConnection: close\r\n\r\n"
    return head % (status, kind, len(body)) + body


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(target: tuple[str, int], marker: bytes) -> Iterator[Relay]:
    """A relay as long as the block lasts."""
    found = Relay(target, marker)
    try:
        yield found
    finally:
        found.close()
