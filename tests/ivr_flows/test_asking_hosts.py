"""A look-up asks listed hosts only, follows nobody, and ends in time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from appliance.moments import SECOND
from ivr_flows.asking_hosts import look_up
from ivr_flows.effects import LookUp
from ivr_flows.inputs import Answer, LookUpFailed

HOSTS = ("127.0.0.1",)


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            threading.Event().wait(1.0)
        status, body = {
            "/found": (200, b'{"customer": {"name": "\xe5\xb1\xb1\xe7\x94\xb0"}}'), "/none": (404, b""), "/text": (200, b"hello"),
            "/elsewhere": (302, b""), "/large": (200, b'"' + bytes(200_000) + b'"'),
        }.get(self.path, (200, b"{}"))  # fmt: skip
        self.send_response(status)
        self.send_header("Location", "/found")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(url: str, hosts: tuple[str, ...] = HOSTS, seconds: float = 5.0, method: str = "GET") -> Answer | LookUpFailed:
    wanted = LookUp(7, method, url, int(seconds * SECOND), {"name": "customer.name"}, {"number": "1"})
    return asyncio.run(look_up(wanted, hosts))


def test_what_was_asked_for_is_taken_from_the_answer(host: str) -> None:
    assert ask(f"{host}/found") == Answer(7, 200, {"name": "山田"})


def test_a_status_is_an_answer(host: str) -> None:
    assert ask(f"{host}/none") == Answer(7, 404, {})


def test_a_post_sends_its_values(host: str) -> None:
    assert ask(f"{host}/echo", method="POST") == Answer(7, 200, {})


@pytest.mark.parametrize(
    "url", ["http://example.invalid/x", "http://127.0.0.1.example.invalid/", "ftp://127.0.0.1/", "no address", ""]
)
def test_a_host_that_is_not_listed_is_never_asked(url: str) -> None:
    assert isinstance(ask(url, () if url.startswith("ftp") else HOSTS), LookUpFailed)


def test_a_redirect_is_not_followed(host: str) -> None:
    assert ask(f"{host}/elsewhere") == Answer(7, 302, {})


@pytest.mark.parametrize(("path", "reason"), [("/text", "form"), ("/large", "form")])
def test_what_is_no_json_or_too_much_has_failed(host: str, path: str, reason: str) -> None:
    assert ask(host + path) == LookUpFailed(7, reason)


def test_an_answer_that_takes_too_long_has_failed(host: str) -> None:
    assert ask(f"{host}/slow", seconds=0.1) == LookUpFailed(7, "timeout")


def test_nobody_there_has_failed() -> None:
    assert ask("http://127.0.0.1:1/") == LookUpFailed(7, "ConnectError")
