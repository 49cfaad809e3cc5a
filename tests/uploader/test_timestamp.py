"""Time stamps come from a real authority (openssl's own, on loopback), are kept only when they hold, and their lack stops nothing else."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from uploader.store import StoreAgainError, StoreRefusedError
from uploader.timestamp import stamp

pytestmark = needs.program("openssl")
HASH = "ab" * 32
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = name
[name]
"""


def openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """A time-stamping authority; `answer` replaces what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = str(folder / "tsa.pem")
        self.answer: bytes | None = None
        self.asked: list[bytes] = []
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "tsa.key"), "-out", self.ca, "-subj", "/CN=tsa",
            "-config", str(folder / "tsa.cnf"), "-extensions", "ext", "-days", "3650",
        )  # fmt: skip
        self.url = ""

    def reply(self, query: bytes) -> bytes:
        """What openssl answers."""
        self.asked.append(query)
        if self.answer is not None:
            return self.answer
        (self.folder / "query").write_bytes(query)
        openssl(
            "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile", str(self.folder / "query"), "-inkey",
            str(self.folder / "tsa.key"), "-signer", self.ca, "-out", str(self.folder / "answer"),
        )  # fmt: skip
        return (self.folder / "answer").read_bytes()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    tsa = Authority(tmp_path)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = tsa.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        tsa.url = f"http://127.0.0.1:{server.server_port}/tsa"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield tsa
        server.shutdown()
        thread.join()


def test_a_stamp_is_got_and_holds_for_anybody(authority: Authority, tmp_path: Path) -> None:
    answer = tmp_path / "kept.tsr"
    answer.write_bytes(stamp(authority.url, authority.ca, HASH))
    openssl("ts", "-verify", "-digest", HASH, "-in", str(answer), "-CAfile", authority.ca)


def test_the_authority_learns_a_hash_and_nothing_else(authority: Authority) -> None:
    stamp(authority.url, authority.ca, HASH)
    (query,) = authority.asked
    assert bytes.fromhex(HASH) in query and len(query) < 100


@pytest.mark.parametrize("answer", [b"", b"<html>sign in</html>", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_stamp_is_not_taken(authority: Authority, answer: bytes) -> None:
    authority.answer = answer
    with pytest.raises(StoreRefusedError, match=r"does not hold .*; check proof\.timestamp_ca"):
        stamp(authority.url, authority.ca, HASH)


def test_the_stamp_of_something_else_is_not_taken(authority: Authority) -> None:
    authority.answer = stamp(authority.url, authority.ca, "cd" * 32)
    with pytest.raises(StoreRefusedError, match="does not hold"):
        stamp(authority.url, authority.ca, HASH)


def test_an_authority_that_is_away_is_asked_later() -> None:
    with pytest.raises(StoreAgainError, match=r"is not reached .*; check proof\.timestamp_url"):
        stamp("http://127.0.0.1:9/tsa", "/dev/null", HASH)
