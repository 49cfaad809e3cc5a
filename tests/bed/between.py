"""What may happen to bytes between us and a server: a TCP relay on loopback that changes a bit, or loses the answer. One fault, once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum, auto

TIMEOUT_S = 10.0


class Fault(Enum):
    """What happens to the first connection on which something of this kind is sent."""

    FLIP = auto()
    """A bit of the request's body changes on the way."""
    LOSE_ANSWER = auto()
    """The request arrives, and the connection breaks before a byte of the answer is back."""


class Relay:
    """Passes connections on to `target` (host, port). A fault that is set befalls the next request that holds `marker`, once."""

    def __init__(self, target: tuple[str, int], marker: bytes) -> None:
        self._target, self._marker = target, marker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.happened: list[Fault] = []
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
        lost = threading.Event()
        with client, socket.create_connection(self._target, TIMEOUT_S) as server, ExitStack() as end, suppress(OSError):
            end.callback(_hang_up, server)
            self._run(lambda: _answers(server, client, lost))
            while piece := client.recv(1 << 16):
                if self._next is not None and self._marker in piece:
                    self.happened.append(self._next)
                    fault, self._next = self._next, None
                    if fault is Fault.FLIP:
                        place = piece.index(self._marker)
                        piece = piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]
                    else:
                        lost.set()
                server.sendall(piece)


def _answers(server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
    with suppress(OSError):
        while piece := server.recv(1 << 16):
            if lost.is_set() and not piece.startswith(b"HTTP/1.1 100"):
                break
            client.sendall(piece)
    _hang_up(client)


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
