"""What every way to tell people promises, proven against real servers on this machine: the words arrive whole, each failure is one of two
kinds, and no secret is ever part of what is said about it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from appliance import registry, tls
from appliance.notices import Notice
from tests.bed.hooks import Hooks
from tests.bed.smtp import Mailbox
from uploader.channels import ChannelAgainError, ChannelRefusedError
from uploader.teller import PACKAGE

KINDS = registry.names(PACKAGE)
NOTICE = Notice(
    id="desk/disk/1790000000/opened", channel="desk", event="opened", severity="error", check="disk", at=1_790_000_000_000_000_000,
    site="東京店", serial="BOX-7", subject="[東京店] エラー: disk", text="ディスクの空きは 12 MB です。\n<空けて> & ください。",
)  # fmt: skip
SECRETS = {"user": "box", "password": "hunter-two", "token": "tok-hunter-two", "key": "key-hunter-two"}


class Rig(NamedTuple):
    """A server of a kind, and how to reach it."""

    options: Any
    secret: dict[str, str]
    arrived: Callable[[], list[str]]
    """The text of what was taken, as its reader would see it."""


def certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    pair = tls.own_certificate(folder, "localhost", datetime.now(UTC), timedelta(days=30))
    whole = folder / "both.pem"
    whole.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return whole


@contextmanager
def rig(kind: str, folder: Path, *, answer: int = 200, trusted: bool = True, port: int = 0) -> Iterator[Rig]:
    """A server that answers so, behind TLS."""
    pem = certificate(folder)
    ca = str(folder / "web.crt") if trusted else ""
    module = registry.load(PACKAGE, kind)
    if kind == "mail":
        refuses = {} if answer == 200 else {"b@x.jp": f"{'450' if answer >= 500 else '550'} no"}
        with Mailbox(pem, login="box:hunter-two", refuses=refuses) as mailbox:
            options = module.Options(host="localhost", port=port or mailbox.port, sender="a@x.jp", to=["b@x.jp"], ca_file=ca)
            yield Rig(options, SECRETS, lambda: [f"{mail['Subject']}\n{mail.get_content()}" for mail in mailbox.mails])
        return
    answers: tuple[tuple[int, dict[str, str]], ...] = () if answer == 200 else ((answer, {}),) * 3
    with Hooks(answers, pem) as hooks:
        url = f"https://localhost:{port}/hook/hunter-two" if port else f"{hooks.url}/hook/hunter-two"
        given = {"webhook": {"url": url}, "slack": {}, "line": {"url": url, "to": "U1"}}[kind]
        yield Rig(
            module.Options(ca_file=ca, **given), {**SECRETS, "url": url}, lambda: [_seen(kind, one.tree) for one in hooks.posted]
        )


def _seen(kind: str, tree: Any) -> str:
    if kind == "slack":
        return str(tree["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return str(tree["messages"][0]["text"]) if kind == "line" else f"{tree['subject']}\n{tree['text']}"


def send(kind: str, at: Rig, secret: dict[str, str] | None = None, notice: Notice = NOTICE) -> None:
    registry.load(PACKAGE, kind).send(at.options, at.secret if secret is None else secret, notice)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_there_are_channels() -> None:
    assert KINDS == ("line", "mail", "slack", "webhook")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_arrives_once_and_whole(kind: str, tmp_path: Path) -> None:
    with rig(kind, tmp_path) as at:
        send(kind, at)
        (seen,) = at.arrived()
    assert NOTICE.subject in seen
    assert all(line in seen for line in NOTICE.text.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_lines_in_a_subject_forge_nothing(kind: str, tmp_path: Path) -> None:
    with rig(kind, tmp_path) as at:
        send(kind, at, notice=replace(NOTICE, subject="one\r\nBcc: evil@x.jp\n\ntwo", text=".\r\n. dots\n"))
        (seen,) = at.arrived()
    assert "one" in seen and "two" in seen and ". dots" in seen


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there_is_for_later(kind: str, tmp_path: Path) -> None:
    with rig(kind, tmp_path, port=closed_port()) as at, pytest.raises(ChannelAgainError) as found:
        send(kind, at)
    assert "hunter" not in str(found.value) and "localhost" in str(found.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("answer", "error"), [(503, ChannelAgainError), (403, ChannelRefusedError), (301, ChannelRefusedError)])
def test_a_refusal_is_for_later_or_for_a_person(kind: str, answer: int, error: type[Exception], tmp_path: Path) -> None:
    with rig(kind, tmp_path, answer=answer) as at, pytest.raises(error) as found:
        send(kind, at)
    assert type(found.value) is error
    assert "hunter" not in str(found.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_somebody_else_is_told_nothing(kind: str, tmp_path: Path) -> None:
    with rig(kind, tmp_path, trusted=False) as at:
        with pytest.raises(ChannelRefusedError, match="certificate"):
            send(kind, at)
        assert at.arrived() == []


@pytest.mark.parametrize("kind", ["line", "slack"])
def test_a_missing_secret_is_named(kind: str, tmp_path: Path) -> None:
    with rig(kind, tmp_path) as at:
        with pytest.raises(ChannelRefusedError, match=r"channel desk: notify\.secrets"):
            send(kind, at, {})
        assert at.arrived() == []
