"""A TCP passage in a namespace, from one port of loopback to another, that can be cut and mended, or swallow everything."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from tests.bed.namespace import inside

_PIECE = 1 << 16


class Passage:
    """Listens on `port` and passes on to `target` while it is entered."""

    def __init__(self, namespace: str, port: int, target: int) -> None:
        self._namespace, self._port, self._target = namespace, port, target
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self.swallows = False

    def __enter__(self) -> Passage:
        self.mend()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()

    def mend(self) -> None:
        """Take connections (again)."""
        self._listener = inside(self._namespace, lambda: socket.create_server(("127.0.0.1", self._port)))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and take no more."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = inside(self._namespace, lambda: socket.create_connection(("127.0.0.1", self._target)))
            except OSError:
                return
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(_PIECE):
                if not self.swallows:
                    other.sendall(piece)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
