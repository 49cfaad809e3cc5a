"""S3 answers are put into one of three classes, whatever the provider; credentials come from a file that is nobody else's.

What every store promises is in `tests/contracts/test_stores.py`; here a server on loopback answers as it is told.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Literal

import pytest

from appliance.folders import Folders
from uploader.source import Source
from uploader.store import AlreadyThereError, MissingObjectError, ObjectRefusedError, StoreAgainError, StoreError, StoreRefusedError
from uploader.stores import s3

KEY = "v1/local/1/2026/09/21/one.flac.age"
GOOD = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
LATER, PERSON, MISSING, OBJECT = StoreAgainError, StoreRefusedError, MissingObjectError, ObjectRefusedError


class Provider:
    """An S3 server that gives the same answer to everything."""

    def __init__(self) -> None:
        self.status, self.code, self.headers, self.body = 200, "", dict[str, str](), b""
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                if headers.get("expect"):
                    self.send_response_only(100)
                    self.end_headers()
                provider.requests.append((self.command, self.path, headers, self.rfile.read(length)))
                error = f"<Error><Code>{provider.code}</Code><Message>m</Message></Error>".encode()
                body = error if provider.code else provider.body
                self.send_response(provider.status)
                given = {"Content-Length": str(len(body)), "ETag": '"tag"', **provider.headers}
                for name, value in given.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            def log_message(self, *arguments: object) -> None:
                pass

        for method in ("GET", "PUT", "HEAD"):
            setattr(Handler, f"do_{method}", Handler.answer)
        self.handler = Handler
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.close()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders.below(tmp_path / "var")
    found.keys.mkdir(parents=True)
    (found.keys / s3.CREDENTIALS).touch(mode=0o600)
    (found.keys / s3.CREDENTIALS).write_text(GOOD)
    return found


@pytest.fixture
def store(provider: Provider, folders: Folders) -> s3.S3Store:
    return s3.open_store(s3.Options(endpoint=provider.endpoint, bucket="bucket", read_seconds=1), folders)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one"
    path.write_bytes(b"sealed")
    return path


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (503, "SlowDown", LATER), (500, "InternalError", LATER), (502, "BadGateway", LATER), (504, "x", LATER),
        (429, "TooManyRequests", LATER), (408, "x", LATER), (409, "OperationAborted", LATER), (400, "RequestTimeout", LATER),
        (400, "BadDigest", LATER), (400, "XAmzContentSHA256Mismatch", LATER), (403, "RequestTimeTooSkewed", LATER),
        (403, "AccessDenied", PERSON), (403, "SignatureDoesNotMatch", PERSON), (403, "InvalidAccessKeyId", PERSON),
        (404, "NoSuchBucket", PERSON), (400, "InvalidArgument", PERSON), (411, "MissingContentLength", OBJECT),
        (413, "EntityTooLarge", OBJECT), (401, "Unauthorized", PERSON),
        (404, "NoSuchKey", MISSING),
    ],
)  # fmt: skip
def test_every_answer_is_later_or_a_person_or_missing(
    store: s3.S3Store, provider: Provider, file: Path, status: int, code: str, error: type[StoreError]
) -> None:
    provider.status, provider.code = status, code
    for ask in (lambda: store.put(KEY, Source(file, "00" * 32)), lambda: list(store.read(KEY)), lambda: list(store.list("v1/"))):
        with pytest.raises(StoreError) as raised:
            ask()
        assert type(raised.value) is error
        assert "bucket" in str(raised.value)


@pytest.mark.parametrize(("status", "error"), [(503, LATER), (500, LATER), (429, LATER), (403, PERSON), (400, PERSON)])
def test_a_look_has_no_body_to_explain_itself_and_is_classed_by_its_status(
    store: s3.S3Store, provider: Provider, status: int, error: type[StoreError]
) -> None:
    provider.status = status
    with pytest.raises(error):
        store.look(KEY)


def test_a_look_at_what_is_not_there_is_no_error(store: s3.S3Store, provider: Provider) -> None:
    provider.status = 404
    assert store.look(KEY) is None


@pytest.mark.parametrize(("header", "wait"), [("120", 120.0), ("0", 0.0), ("soon", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
def test_the_pause_that_the_provider_asks_for_is_passed_on(
    store: s3.S3Store, provider: Provider, header: str, wait: float | None
) -> None:
    provider.status, provider.code, provider.headers = 503, "SlowDown", {"Retry-After": header}
    with pytest.raises(StoreAgainError) as raised:
        list(store.read(KEY))
    assert raised.value.wait == wait


def test_one_question_is_asked_once(store: s3.S3Store, provider: Provider, file: Path) -> None:
    provider.status, provider.code = 503, "SlowDown"
    with pytest.raises(StoreAgainError):
        store.put(KEY, Source(file, "00" * 32))
    assert len(provider.requests) == 1, "the durable queue is our retry"


def test_the_body_goes_with_its_checksum(store: s3.S3Store, provider: Provider, file: Path) -> None:
    sha256 = hashlib.sha256(b"sealed")
    store.put(KEY, Source(file, sha256.hexdigest()))
    ((method, path, headers, body),) = provider.requests
    assert (method, path, body) == ("PUT", f"/bucket/{KEY}", b"sealed")
    assert headers["x-amz-checksum-sha256"] == base64.b64encode(sha256.digest()).decode()
    assert headers["content-type"] == "application/octet-stream"


def test_nothing_but_the_key_tells_the_provider_what_it_stores(store: s3.S3Store, provider: Provider, file: Path) -> None:
    store.put(KEY, Source(file, "00" * 32))
    headers = provider.requests[0][2]
    assert not [name for name in headers if name.startswith(("x-amz-meta", "x-amz-tagging"))]


def test_an_answer_that_breaks_off_is_later(store: s3.S3Store, provider: Provider) -> None:
    provider.body, provider.headers = b"half", {"Content-Length": "1000"}
    with pytest.raises(StoreAgainError):
        list(store.read(KEY))


def test_an_answer_that_never_ends_is_later(store: s3.S3Store, provider: Provider) -> None:
    provider.body, provider.headers = b"half", {"Content-Length": "1000", "Connection": "keep-alive"}
    provider.handler.protocol_version = "HTTP/1.1"
    with pytest.raises(StoreAgainError):
        list(store.read(KEY))


def test_a_sign_in_page_is_no_empty_bucket(store: s3.S3Store, provider: Provider) -> None:
    provider.body = b"<html><body>Welcome to the network, please sign in</body></html>"
    with pytest.raises(StoreAgainError, match="sign-in page"):
        list(store.list("v1/"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_credentials_open_to_others_are_refused(folders: Folders, mode: int) -> None:
    (folders.keys / s3.CREDENTIALS).chmod(mode)
    with pytest.raises(StoreRefusedError, match="chmod 600"):
        s3.open_store(s3.Options(bucket="bucket"), folders)


def test_credentials_that_systemd_hands_over_are_nobody_elses(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders.keys / s3.CREDENTIALS).chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folders.keys))
    s3.open_store(s3.Options(bucket="bucket"), folders)


@pytest.mark.parametrize(
    "text",
    ["", "rubbish", "[default]\naws_access_key_id = A\n", "[other]\naws_access_key_id = A\naws_secret_access_key = B\n", "\xff"],
)
def test_a_file_that_holds_no_credentials_is_named(folders: Folders, text: str) -> None:
    (folders.keys / s3.CREDENTIALS).write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreRefusedError, match=s3.CREDENTIALS):
        s3.open_store(s3.Options(bucket="bucket"), folders)


def test_missing_credentials_are_named_with_the_place(folders: Folders) -> None:
    (folders.keys / s3.CREDENTIALS).unlink()
    with pytest.raises(StoreRefusedError, match=r"s3\.credentials: the bucket's credentials are missing"):
        s3.open_store(s3.Options(bucket="bucket"), folders)


def test_a_secret_with_a_percent_sign_is_taken_as_it_is(folders: Folders, provider: Provider, file: Path) -> None:
    (folders.keys / s3.CREDENTIALS).write_text(GOOD.replace("= A", "= A%41"))
    s3.open_store(s3.Options(endpoint=provider.endpoint, bucket="bucket"), folders).put(KEY, Source(file, "00" * 32))
    assert "Credential=A%41/" in provider.requests[0][2]["authorization"]


def test_settings_that_no_client_can_be_made_of_need_a_person(folders: Folders) -> None:
    with pytest.raises(StoreRefusedError, match=r"correct store\.options"):
        s3.open_store(s3.Options(bucket="bucket", region="bad region!"), folders)


def test_f30_a_sign_in_page_is_no_object_and_takes_none(store: s3.S3Store, provider: Provider, file: Path) -> None:
    provider.body, provider.headers = b"<html>Welcome, please sign in</html>", {"ETag": ""}
    for ask in (lambda: store.put(KEY, Source(file, "00" * 32)), lambda: store.look(KEY), lambda: list(store.read(KEY))):
        with pytest.raises(StoreAgainError, match="sign-in page"):
            ask()


def test_the_provider_is_asked_not_to_overwrite_and_what_is_there_is_left_to_the_delivery(
    store: s3.S3Store, provider: Provider, file: Path
) -> None:
    provider.status, provider.code = 412, "PreconditionFailed"
    with pytest.raises(AlreadyThereError, match=KEY):
        store.put(KEY, Source(file, "00" * 32))
    assert provider.requests[0][2]["if-none-match"] == "*"


def test_where_the_provider_takes_no_sha256_the_body_goes_with_its_md5(folders: Folders, provider: Provider, file: Path) -> None:
    store = s3.open_store(s3.Options(endpoint=provider.endpoint, bucket="bucket", checksum="md5", only_new=False), folders)
    store.put(KEY, Source(file, hashlib.sha256(b"sealed").hexdigest()))
    ((_, _, headers, body),) = provider.requests
    assert headers["content-md5"] == base64.b64encode(hashlib.md5(b"sealed").digest()).decode()
    assert "x-amz-checksum-sha256" not in headers
    assert "if-none-match" not in headers
    assert body == b"sealed"


@pytest.mark.parametrize("checksum", ["sha256", "md5"])
def test_a_wrong_checksum_is_dared_with_the_checksum_that_is_used(
    folders: Folders, provider: Provider, file: Path, checksum: Literal["sha256", "md5"]
) -> None:
    store = s3.open_store(s3.Options(endpoint=provider.endpoint, bucket="bucket", checksum=checksum), folders)
    assert store.dare_wrong_checksum(KEY, Source(file, hashlib.sha256(b"sealed").hexdigest()))
    ((_, _, headers, body),) = provider.requests
    wrong = {"sha256": "x-amz-checksum-sha256", "md5": "content-md5"}[checksum]
    assert base64.b64decode(headers[wrong]) == hashlib.new(checksum, b"others").digest()
    assert body == b"sealed"


def test_f23_other_bytes_laid_on_top_as_a_version_replace_nothing(store: s3.S3Store, provider: Provider, file: Path) -> None:
    assert store.dare_replace(KEY, Source(file, "00" * 32))
    provider.headers = {"x-amz-version-id": "second"}
    assert not store.dare_replace(KEY, Source(file, "00" * 32))


def test_what_is_signed_is_the_hash_it_was_sealed_with_and_the_body_is_read_once(
    store: s3.S3Store, provider: Provider, file: Path
) -> None:
    read: list[int] = []
    store.put(KEY, Source(file, "ab" * 32, leaving=read.append))
    assert provider.requests[0][2]["x-amz-content-sha256"] == "ab" * 32
    assert sum(read) == len(b"sealed")


def test_the_buckets_owner_is_given_what_another_accounts_key_stores(folders: Folders, provider: Provider, file: Path) -> None:
    options = s3.Options(endpoint=provider.endpoint, bucket="bucket", acl="bucket-owner-full-control")
    s3.open_store(options, folders).put(KEY, Source(file, "00" * 32))
    assert provider.requests[0][2]["x-amz-acl"] == "bucket-owner-full-control"


@pytest.mark.parametrize(("status", "code"), [(507, "InsufficientStorage"), (403, "QuotaExceeded"), (501, "NotImplemented")])
def test_f17_f21_a_full_store_or_one_that_knows_less_needs_a_person(
    store: s3.S3Store, provider: Provider, file: Path, status: int, code: str
) -> None:
    provider.status, provider.code = status, code
    with pytest.raises(StoreRefusedError) as raised:
        store.put(KEY, Source(file, "00" * 32))
    assert not isinstance(raised.value, ObjectRefusedError)


def test_a_stretch_is_asked_for_by_its_range(store: s3.S3Store, provider: Provider) -> None:
    provider.body = b"0123"
    assert b"".join(store.read(KEY, 10, 14)) == b"0123"
    assert provider.requests[0][2]["range"] == "bytes=10-13"
    assert list(store.read(KEY, 5, 5)) == []
    assert len(provider.requests) == 1
    provider.status, provider.code = 416, "InvalidRange"
    assert list(store.read(KEY, 10**9)) == []
