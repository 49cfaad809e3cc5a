"""The console is served in clear to this machine alone and with TLS to every other, and says in one sentence why it cannot be."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from appliance import tls
from appliance.box import Box
from appliance.cli import main
from appliance.errors import ConfigError
from appliance.web.serve import address, certificate, is_this_machine
from tests.appliance.furnished import PATIENCE_S, free_port, listens, program, until

OF_THIS_MACHINE = ["127.0.0.1", "127.0.0.2", "127.255.255.254", "localhost", "::1"]
OF_OTHERS = [
    "0.0.0.0", "::", "", "192.168.0.10", "10.0.0.1", "fe80::1", "box", "box.local", "127.1", "127.0.0.1.example", "localhost.example",
    "::ffff:127.0.0.1", "LOCALHOST", "localhost.", "2130706433", "０.0.0.0",
]  # fmt: skip


def with_web(box: Box, **web: str) -> Box:
    return replace(box, config=box.config.model_copy(update={"web": box.config.web.model_copy(update=web)}))


def serve(data: Path, errors: Path, *words: str) -> tuple[int, str]:
    """Exit code and what was said, of a console that does not come up."""
    with program("web", "serve", "--data", str(data), *words, errors=errors) as process:
        code = process.wait(PATIENCE_S)
    return code, errors.read_text("utf-8")


def shaken_hands(pair: tls.Pair, client: ssl.SSLContext, name: str) -> str:
    """The protocol that a server with this pair and this client agree on."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pair.certificate, pair.key)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        waiting = threading.Thread(target=lambda: server.wrap_socket(ours, server_side=True).close())
        waiting.start()
        try:
            with client.wrap_socket(theirs, server_hostname=name) as shaken:
                return str(shaken.version())
        finally:
            waiting.join()


@pytest.mark.parametrize("host", OF_THIS_MACHINE)
def test_what_only_this_machine_can_reach_needs_no_tls(box: Box, host: str) -> None:
    assert is_this_machine(host)
    assert certificate(box, host) is None
    assert not box.folders.keys.exists()


@pytest.mark.parametrize("host", OF_OTHERS)
def test_what_others_may_reach_is_served_with_tls(box: Box, host: str) -> None:
    assert not is_this_machine(host)
    assert certificate(box, host) is not None


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("localhost", 80, "http://localhost:80"),
        ("::1", 8080, "http://[::1]:8080"),
        ("0.0.0.0", 443, "https://127.0.0.1:443"),
        ("", 8443, "https://127.0.0.1:8443"),
        ("192.168.0.10", 8443, "https://192.168.0.10:8443"),
        ("fe80::1", 8443, "https://[fe80::1]:8443"),
        ("box.local", 8443, "https://box.local:8443"),
    ],
)
def test_the_address_is_one_that_can_be_typed(host: str, port: int, shown: str) -> None:
    assert address(host, port) == shown


def test_the_boxs_own_certificate_works_and_only_the_box_can_read_its_key(box: Box) -> None:
    pair = certificate(box, "0.0.0.0")
    assert pair is not None
    assert pair.key.stat().st_mode & 0o777 == 0o600
    trusting = ssl.create_default_context(cafile=str(pair.certificate))
    assert shaken_hands(pair, trusting, "localhost") in ("TLSv1.3", "TLSv1.2")
    assert shaken_hands(pair, trusting, socket.gethostname()) in ("TLSv1.3", "TLSv1.2")


def test_the_boxs_own_certificate_stays_until_it_is_about_to_end(box: Box) -> None:
    first = certificate(box, "0.0.0.0")
    assert first is not None
    before = first.certificate.read_bytes()
    assert certificate(box, "192.168.0.10") == first
    assert first.certificate.read_bytes() == before
    tls.own_certificate(box.folders.keys, "box", datetime.now(UTC) + timedelta(days=800), timedelta(days=825))
    assert first.certificate.read_bytes() != before


def test_a_configured_certificate_is_taken(box: Box, tmp_path: Path) -> None:
    made = tls.own_certificate(tmp_path / "theirs", "box.example", datetime.now(UTC), timedelta(days=90))
    configured = with_web(box, certificate=str(made.certificate), private_key=str(made.key))
    assert certificate(configured, "0.0.0.0") == made
    assert certificate(configured, "127.0.0.1") is None


@pytest.mark.parametrize("web", [{"certificate": "a.pem"}, {"private_key": "a.pem"}])
def test_half_a_pair_is_a_wrong_configuration(box: Box, web: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="set both or none"):
        certificate(with_web(box, **web), "0.0.0.0")


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_pair_that_cannot_be_used_is_a_wrong_configuration(box: Box, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "their.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        certificate(with_web(box, certificate=str(file), private_key=str(file)), "0.0.0.0")
    assert str(file) in str(caught.value)


def test_a_port_that_somebody_has_is_one_sentence_and_exit_code_4(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, said = serve(tmp_path / "var", tmp_path / "errors", "--port", str(port))
    assert code == 4
    assert said.splitlines()[1:] == [
        f"appliance: 127.0.0.1:{port}: cannot be listened on (Address already in use); choose another with --port"
    ]


def test_an_address_that_is_none_is_one_sentence_and_exit_code_4(tmp_path: Path) -> None:
    for words in (["--port", "70000"], ["--host", "192.0.2.1"]):
        code, said = serve(tmp_path / "var", tmp_path / "errors", *words)
        assert code == 4, words
        assert said.splitlines()[-1].startswith("appliance: ") and "cannot be listened on" in said and "Traceback" not in said, (
            words
        )


def test_a_wrong_configuration_is_exit_code_3(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    (data / "appliance.toml").write_text('[web]\nhost = "127.1"\ncertificate = "/nowhere.pem"\nprivate_key = "/nowhere.pem"\n')
    code, said = serve(data, tmp_path / "errors", "--port", str(free_port()))
    assert code == 3
    assert "/nowhere.pem" in said and "Traceback" not in said


def test_over_tls_the_session_is_for_tls_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """127.1 is 127.0.0.1 to the kernel, but no spelling that we take for this machine: so TLS is served on loopback."""
    data, port, errors = tmp_path / "var", free_port(), tmp_path / "errors"
    assert main(["web", "password", "--data", str(data)]) == 0
    password = capsys.readouterr().out.strip()
    with program("web", "serve", "--host", "127.1", "--port", str(port), "--data", str(data), errors=errors) as process:
        until("the console", lambda: listens(port) or process.poll() is not None)
        trusting = ssl.create_default_context(cafile=str(data / "keys" / "web.crt"))
        with httpx.Client(base_url=f"https://localhost:{port}", verify=trusting, trust_env=False) as client:
            answer = client.post("/sign-in", data={"name": "admin", "password": password})
        assert answer.status_code == 303
        assert "; Secure" in answer.headers["set-cookie"]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://localhost:{port}/sign-in", trust_env=False)
