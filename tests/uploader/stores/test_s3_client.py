"""Whatever stands between us and the bucket is told apart, and a clock that is wrong is learnt from the server. Faults F17, F18, F30."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from appliance.folders import Folders
from appliance.tls import own_certificate
from uploader.store import StoreAgainError, StoreRefusedError
from uploader.stores import s3
from uploader.stores._s3_client import Client, RefusalError, _code, _place, _tree
from uploader.stores._s3_wire import SEND_BUFFER, ServerClock

GOOD = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders.below(tmp_path / "var")
    found.keys.mkdir(parents=True)
    (found.keys / s3.CREDENTIALS).touch(mode=0o600)
    (found.keys / s3.CREDENTIALS).write_text(GOOD)
    return found


class StrictClock(BaseHTTPRequestHandler):
    """A server whose time is two years ahead, and which takes no other."""

    ahead = timedelta(days=730)
    seen: list[str]

    def do_HEAD(self) -> None:
        here = datetime.now(UTC) + self.ahead
        signed = datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        self.seen.append(self.headers["Authorization"])
        status, body = (200, b"") if abs(signed - here) < timedelta(minutes=15) else (403, b"")
        self.answer(status, body, here)

    def do_GET(self) -> None:
        here = datetime.now(UTC) + self.ahead
        signed = datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(signed - here) < timedelta(minutes=15):
            self.answer(200, b"object", here)
        else:
            self.answer(403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>", here)

    def answer(self, status: int, body: bytes, here: datetime) -> None:
        self.send_response_only(status)
        self.send_header("Date", format_datetime(here, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"tag"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def strict() -> Iterator[str]:
    StrictClock.seen = []
    server = HTTPServer(("127.0.0.1", 0), StrictClock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_f18_a_clock_that_is_wrong_by_years_is_learnt_and_said(folders: Folders, strict: str) -> None:
    store = s3.open_store(s3.Options(bucket="bucket", endpoint=strict), folders)
    with pytest.raises(StoreAgainError, match=r"this box's clock is wrong \(by 6307\d{4} s\)") as raised:
        list(store.read("key"))
    assert raised.value.wait == 0.0, "the next try signs with the server's time"
    assert b"".join(store.read("key")) == b"object"
    assert abs(store.clock_offset() - 730 * 24 * 3600) < 60


@pytest.mark.parametrize("date", ["", "soon", "Wed, 99 Oct 2026"])
def test_a_date_that_is_none_teaches_nothing(date: str) -> None:
    clock = ServerClock()
    clock.look(date)
    assert clock.seen == timedelta()


def refused(folders: Folders, endpoint: str, **more: Any) -> str:
    store = s3.open_store(s3.Options(bucket="bucket", endpoint=endpoint, connect_seconds=2, read_seconds=2, **more), folders)
    with pytest.raises(StoreAgainError) as raised:
        store.look("key")
    return str(raised.value)


def test_f30_no_dns_is_told(folders: Folders) -> None:
    assert "DNS does not know the name" in refused(folders, "http://nowhere.invalid")


def test_f30_nobody_listens_is_told(folders: Folders) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "refuses connections" in refused(folders, f"http://127.0.0.1:{port}")


def test_f13_a_server_that_falls_silent_is_told(folders: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "fell silent" in refused(folders, f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_f30_a_certificate_of_somebody_else_is_told(folders: Folders, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own_certificate(tmp_path, "127.0.0.1", datetime.now(UTC), timedelta(days=30)))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(3):
                try:
                    context.wrap_socket(listener.accept()[0], server_side=True).close()
                except OSError:
                    continue

        threading.Thread(target=serve, daemon=True).start()
        assert "the certificate is not from an authority" in refused(folders, f"https://127.0.0.1:{listener.getsockname()[1]}")


def test_f14_the_send_buffer_is_small_so_that_a_slow_line_shows_its_progress(folders: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        store = s3.open_store(s3.Options(bucket="bucket", endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}"), folders)
        with store._client.wire._line() as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER, "the kernel counts its own overhead too"


@pytest.mark.parametrize("region", ["", "bad region!", "ap/northeast"])
def test_a_region_that_is_none_needs_a_person(folders: Folders, region: str) -> None:
    with pytest.raises(StoreRefusedError, match=r"correct store\.options"):
        s3.open_store(s3.Options(bucket="bucket", region=region), folders)


@pytest.mark.parametrize(
    ("options", "host", "path"),
    [
        ({}, "s3.ap-northeast-1.amazonaws.com", "/bucket"),
        ({"path_style": False}, "bucket.s3.ap-northeast-1.amazonaws.com", ""),
        ({"region": "cn-north-1"}, "s3.cn-north-1.amazonaws.com.cn", "/bucket"),
        ({"endpoint": "https://store.example:9000/s3/"}, "store.example:9000", "/s3/bucket"),
        ({"endpoint": "http://store.example", "path_style": False}, "bucket.store.example", ""),
    ],
)
def test_where_a_bucket_is(options: dict[str, Any], host: str, path: str) -> None:
    place = _place(s3.Options(bucket="bucket", **options))
    assert (place.name, place.path) == (host, path)


@pytest.mark.parametrize("code", ["PermanentRedirect", "AuthorizationHeaderMalformed"])
def test_a_bucket_of_another_region_is_said_with_its_mend(code: str) -> None:
    said = Client(None, "bucket").classed("key", RefusalError(301, code))  # type: ignore[arg-type]
    assert isinstance(said, StoreRefusedError) and "store.options.region" in str(said)


@pytest.mark.parametrize(
    "body", [b"", b"no document", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Error><Code>&b;</Code></Error>", b"<Error>"]
)
def test_what_is_no_document_is_none(body: bytes) -> None:
    assert _tree(body) is None
    assert _code(body) == ""


@pytest.mark.parametrize("space", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', " xmlns='urn:x'"])
def test_a_document_is_read_with_whatever_namespace_it_bears(space: str) -> None:
    assert _code(f"<?xml version='1.0'?><Error{space}><Code>SlowDown</Code></Error>".encode()) == "SlowDown"
