"""A real HTTP server of the test's own that takes what is posted to it, and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple


class Posted(NamedTuple):
    """What somebody posted."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def tree(self) -> Any:
        """The JSON in it."""
        return json.loads(self.body)


class Hooks:
    """The server, as long as the object is entered. `answers` are given in turn, then 200."""

    def __init__(self, answers: tuple[tuple[int, dict[str, str]], ...] = (), certificate: Path | None = None) -> None:
        self.posted: list[Posted] = []
        self._answers = list(answers)
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hooks.posted.append(Posted(self.path, headers, self.rfile.read(length)))
                status, more = hooks._answers.pop(0) if hooks._answers else (200, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "https" if certificate else "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = "localhost" if self._scheme == "https" else "127.0.0.1"
        return f"{self._scheme}://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> Hooks:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
