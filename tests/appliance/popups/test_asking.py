"""A system of the office's is asked once, at a host that was named, and whatever it does then is over by the deadline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from appliance import tls
from appliance.popups.asking import AgainError, AskError, GoneError, RefusedError, Target, ask, ask_json, may_go
from tests.bed.crm import crm, dead_port, raw

PATIENCE = 20.0
"""Far more than any deadline here, and far less than a drip would take."""


def test_what_it_answers_is_taken_and_what_it_is_sent_arrives() -> None:
    with crm(lambda asked: (200, {"name": "高橋"})) as system:
        assert ask_json("POST", Target(f"{system.url}/a?b=c"), {"X-Key": "k"}, {"q": "日本"}, seconds=PATIENCE) == {"name": "高橋"}
    (asked,) = system.asked
    assert (asked.method, asked.path, asked.tree, asked.headers["x-key"]) == ("POST", "/a?b=c", {"q": "日本"}, "k")


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, GoneError), (410, GoneError), (401, RefusedError), (302, RefusedError), (429, AgainError), (503, AgainError)],
)
def test_an_answer_that_is_none_says_whether_it_may_be_one_later(status: int, error: type[AskError]) -> None:
    with crm(lambda asked: (status, b"hush words"), headers={"Retry-After": "7", "Location": "http://169.254.169.254/"}) as system:
        target = Target(f"{system.url}/customers/09012345678")
        with pytest.raises(error) as told:
            ask("GET", target, {}, seconds=PATIENCE)
    assert len(system.asked) == 1, "a redirect is not followed"
    assert "09012345678" not in str(told.value) and "hush" not in str(told.value)
    if isinstance(told.value, AgainError):
        assert told.value.wait == 7.0


@pytest.mark.parametrize(
    ("said", "drip"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silent", "dripping head", "dripping body", "endless body", "dripping chunks"],
)
def test_one_that_does_not_come_to_an_end_is_left_at_the_deadline(said: bytes, drip: bytes) -> None:
    began = time.monotonic()
    with raw(said, drip) as system, pytest.raises(AgainError, match=r"within 0\.3 s"):
        ask("GET", Target(system.url), {}, seconds=0.3)
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("drip", [b"", b"\x16\x03\x03\x3f"], ids=["silent", "dripping"])
def test_a_handshake_that_does_not_come_to_an_end_is_left_too(drip: bytes) -> None:
    with raw(b"", drip) as system, pytest.raises(AskError):
        ask("GET", Target(system.url.replace("http:", "https:")), {}, seconds=0.3)


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_garbage_is_no_answer(said: bytes) -> None:
    with raw(said) as system, pytest.raises(AskError):
        ask_json("GET", Target(system.url), {}, seconds=0.5)


def test_too_much_is_not_read() -> None:
    with crm(lambda asked: (200, b"x" * 1001)) as system, pytest.raises(RefusedError, match="more than 1000 bytes"):
        ask("GET", Target(system.url), {}, seconds=PATIENCE, largest=1000)


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[" * 100_000], ids=["html", "empty", "bytes", "deep"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with crm(lambda asked: (200, body)) as system, pytest.raises(RefusedError, match="JSON"):
        ask_json("GET", Target(system.url), {}, seconds=PATIENCE)


def test_one_that_is_not_there_may_be_later() -> None:
    with pytest.raises(AgainError, match="cannot be reached"):
        ask("GET", Target(f"http://127.0.0.1:{dead_port()}"), {}, seconds=PATIENCE)


def test_only_hosts_that_were_named_are_asked() -> None:
    with crm(lambda asked: (200, {})) as system:
        with pytest.raises(RefusedError, match="not among the hosts"):
            ask("GET", Target(system.url, ("crm.example",)), {}, seconds=PATIENCE)
        assert system.asked == []
        assert ask("GET", Target(system.url, (system.host,)), {}, seconds=PATIENCE) == b"{}"
    with pytest.raises(RefusedError, match="none of http"):
        ask("GET", Target("file:///etc/passwd"), {}, seconds=PATIENCE)


def test_a_certificate_that_does_not_hold_is_refused_and_one_of_the_named_authority_is_taken(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    pair = tls.own_certificate(tmp_path, "localhost", datetime.now(UTC), timedelta(days=2))
    whole = tmp_path / "both.pem"
    whole.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    with crm(lambda asked: (200, {"ok": 1}), certificate=whole) as system:
        with pytest.raises(RefusedError, match="certificate does not hold"):
            ask("GET", Target(system.url), {}, seconds=PATIENCE)
        assert ask_json("GET", Target(system.url, ca_file=str(pair.certificate)), {}, seconds=PATIENCE) == {"ok": 1}


@pytest.mark.parametrize(
    ("url", "hosts", "goes"),
    [
        ("https://push.example/x", ["push.example"], True),
        ("https://a.push.example/x", ["push.example"], False),
        ("https://a.push.example/x", [".push.example"], True),
        ("https://evilpush.example/x", [".push.example"], False),
        ("https://push.example@evil.example/x", ["push.example"], False),
        ("https://user:pw@push.example/x", ["push.example"], False),
        ("http://push.example/x", ["push.example"], False),
        ("http://127.0.0.1:80/x", ["http://127.0.0.1:80"], True),
        ("http://127.0.0.1:81/x", ["http://127.0.0.1:80"], False),
        ("https://[::1", ["push.example"], False),
        ("https://push.example:99999999/x", ["push.example"], False),
        ("https://169.254.169.254/", ["push.example"], False),
    ],
)
def test_where_an_address_leads_is_judged_by_its_host_alone(url: str, hosts: list[str], goes: bool) -> None:
    assert may_go(url, hosts) is goes


def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{dead_port()}")
    with crm(lambda asked: (200, {})) as system:
        answer: Any = ask_json("GET", Target(system.url), {}, seconds=PATIENCE)
    assert answer == {}
