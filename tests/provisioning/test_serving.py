"""Telephones fetch their settings over HTTPS from a real server on loopback."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance import phone_secrets
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import ConfigError
from appliance.keys import KeyFileError
from provisioning import serving
from tests.bed.desk_sets import PATHS

TEXT = """
[phone]
enabled = true
[phone.serving]
host = "127.0.0.1"
port = {port}
tls = {tls}
per_minute = {limit}
[[phone.extensions]]
number = "201"
model = "snom"
mac = "000413aabbc4"
"""


def box_of(tmp_path: Path, tls: bool = True, limit: int = 30) -> Box:
    (tmp_path / "appliance.toml").write_text(TEXT.format(port=1, tls=str(tls).lower(), limit=limit))
    box = Box.at(tmp_path)
    free = box.config.phone.serving.model_copy(update={"port": 0})
    phone = box.config.phone.model_copy(update={"serving": free})
    return Box(box.folders, box.config.model_copy(update={"phone": phone}), box.source)


@contextmanager
def running(box: Box) -> Iterator[serving.Server]:
    phone_secrets.read_or_make(box.folders.keys, "phone-201")
    with serving.Server(box) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server: serving.Server, path: str, tls: bool = True) -> tuple[int, bytes]:
    port = server.server_address[1]
    insecure = ssl.create_default_context()
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, context=insecure, timeout=10)
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    )
    connection.request("GET", path)
    answered = connection.getresponse()
    body = answered.read()
    connection.close()
    return answered.status, body


@pytest.mark.parametrize("tls", [True, False])
def test_a_telephone_of_ours_gets_its_settings(tmp_path: Path, tls: bool) -> None:
    box = box_of(tmp_path, tls)
    with running(box) as server:
        status, body = ask(server, PATHS["snom"], tls)
    assert status == 200
    assert phone_secrets.read(box.folders.keys, "phone-201").encode() in body


def test_a_mac_that_is_not_ours_is_404_and_a_sentence_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), running(box_of(tmp_path)) as server:
        assert ask(server, "/snomD785-000413FFFFFF.xml") == (404, b"")
    assert "the snom with MAC 000413ffffff is not ours" in caplog.text


def test_who_asks_without_end_is_refused(tmp_path: Path) -> None:
    with running(box_of(tmp_path, tls=False, limit=2)) as server:
        assert [ask(server, "/x", tls=False)[0] for _ in range(3)] == [404, 404, 429]


def test_somebody_who_speaks_no_tls_keeps_nobody_waiting(tmp_path: Path) -> None:
    with running(box_of(tmp_path)) as server, socket.create_connection(("127.0.0.1", server.server_address[1])) as silent:
        silent.send(b"GET / HTTP/1.0\r\n\r\n")
        assert ask(server, PATHS["snom"])[0] == 200


def test_without_an_address_the_service_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("[phone]\nenabled = true\n")
    with pytest.raises(ConfigError, match=r"phone\.serving\.host: is empty; name the voice LAN's address"):
        serving.serve(Box.at(tmp_path), SystemClock())


def test_a_telephone_without_its_password_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"phone-201\.secret: cannot be read"):
        serving.Server(box_of(tmp_path))
