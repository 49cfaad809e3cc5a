"""Mail says that a machine wrote it, keeps its id when it is sent again, and a password never leaves in clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bed.smtp import Mailbox
from tests.contracts.test_channels import NOTICE, certificate
from uploader.channels import ChannelRefusedError, mail


def options(server: Mailbox, **more: object) -> mail.Options:
    given = {"host": "localhost", "port": server.port, "sender": "box@x.jp", "to": ["a@x.jp", "b@x.jp"], "security": "none"}
    return mail.Options.model_validate({**given, **more})


def test_its_head_is_that_of_a_machine() -> None:
    with Mailbox() as server:
        for _ in range(2):
            mail.send(options(server), {}, NOTICE)
    first, second = server.mails
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["To"] == "a@x.jp, b@x.jp"
    assert first["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    assert first["Message-ID"] == second["Message-ID"]


def test_no_password_goes_to_a_server_without_tls() -> None:
    with Mailbox() as server:
        mail.send(options(server), {"user": "box", "password": "secret"}, NOTICE)
    assert server.logins == []


def test_a_server_that_offers_no_tls_is_not_told_in_clear() -> None:
    with Mailbox() as server:
        with pytest.raises(ChannelRefusedError, match="STARTTLS"):
            mail.send(options(server, security="starttls"), {}, NOTICE)
        assert server.mails == []


def test_tls_from_the_start(tmp_path: Path) -> None:
    with Mailbox(certificate(tmp_path), tls="tls", login="box:pass word") as server:
        chosen = options(server, security="tls", ca_file=str(tmp_path / "web.crt"))
        mail.send(chosen, {"user": "box", "password": "pass word"}, NOTICE)
        assert len(server.mails) == 1
        with pytest.raises(ChannelRefusedError, match="535 wrong name or password"):
            mail.send(chosen, {"user": "box", "password": "other"}, NOTICE)


def test_an_address_of_several_that_is_refused_is_named() -> None:
    with Mailbox(refuses={"b@x.jp": "550 nobody"}) as server:
        with pytest.raises(ChannelRefusedError, match=r"refuses b@x\.jp"):
            mail.send(options(server), {}, NOTICE)
        assert len(server.mails) == 1, "the others have it"


@pytest.mark.parametrize("address", ["", "a", "@x.jp", "a@", "a b@x.jp", "a@x.jp\nBcc: c@x.jp", "a@x.jp,b@x.jp", "<a@x.jp>"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no mail address"):
        mail.Options(host="h", sender=address, to=["a@x.jp"])
