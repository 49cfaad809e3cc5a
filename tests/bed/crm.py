"""Real servers of the test's own that an office's system could be: one that answers as it is told, and one that only says what hurts."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def tree(self) -> Any:
        """The JSON in it."""
        return json.loads(self.body)


Answering = Callable[[Asked], tuple[int, Any]]


class Crm:
    """A running system; `asked` is what came, in turn."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.partition("://")[2]


@contextmanager
def crm(answering: Answering, certificate: Path | None = None, headers: Mapping[str, str] | None = None) -> Iterator[Crm]:
    """It answers with (status, JSON tree or bytes)."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            system.asked.append(asked)
            status, tree = answering(asked)
            said = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = _any  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme, host = ("https", "localhost") if certificate else ("http", "127.0.0.1")
    system = Crm(f"{scheme}://{host}:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield system
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw(said: bytes = b"", drip: bytes = b"") -> Iterator[Crm]:
    """It takes every connection, says this, then drips for ever: one byte after the other, or nothing at all."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def one(client: socket.socket) -> None:
        try:
            with client:
                client.sendall(said)
                while not over.is_set():
                    if drip:
                        client.sendall(drip)
                    time.sleep(0.02)
        except OSError:
            return

    def serve() -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield Crm(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def dead_port() -> int:
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
