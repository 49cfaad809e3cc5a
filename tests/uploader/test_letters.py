"""Voicemail's mails leave through the box's own channel, to voicemail boxes only, with what was said in words where that is wished."""

from __future__ import annotations

import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import NoticeSent
from tests.bed.smtp import Mailbox
from tests.fakes.clock import FakeClock
from uploader.letters import AGAIN, FOLDER, Letters

SETTINGS = """
[phone]
enabled = true
language = "ja"
transcript_program = "{program}"
transcript_seconds = 20
[[phone.extensions]]
number = "201"
[[phone.boxes]]
number = "201"
mail = "yamada@example.jp"
[[notify.channels]]
name = "office"
kind = "mail"
[notify.channels.options]
host = "localhost"
port = {port}
security = "none"
sender = "box@example.jp"
to = ["admin@example.jp"]
"""


def letter(to: str = "yamada@example.jp", **more: str) -> bytes:
    """As Asterisk writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Asterisk PBX <asterisk@pbx>", to, "伝言 0312345678"
    for name, value in more.items():
        mail[name] = value
    mail.set_content("山田 様\n\n伝言があります(0:03)。\n")
    mail.add_attachment(b"RIFF" + bytes(100), maintype="audio", subtype="x-wav", filename="msg0000.wav")
    return mail.as_bytes()


class Post:
    """A box with these mails in the folder."""

    def __init__(self, folder: Path, port: int, lines: str, *mails: bytes) -> None:
        (folder / "hear.py").write_text(lines)
        settings = SETTINGS.format(port=port, program=f"{sys.executable} {folder}/hear.py" if lines else "")
        (folder / "appliance.toml").write_text(settings, "utf-8")
        self.box, self.clock = Box.at(folder), FakeClock()
        (folder / FOLDER).mkdir(parents=True)
        for number, data in enumerate(mails):
            (folder / FOLDER / f"m{number}.eml").write_bytes(data)
        self.ledger = Ledger.open(self.box.folders.ledger)
        self.letters = Letters(self.box, self.ledger, self.clock)

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.box.folders.data / FOLDER).iterdir())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("print('折り返しをお願いします')", "文字起こし(自動):\n折り返しをお願いします"),
        ("raise SystemExit(1)", "文字起こしはできませんでした。"),
        ("", ""),
    ],
    ids=["heard", "failed", "not wished"],
)
def test_a_message_goes_to_its_box_with_its_sound_and_its_words(tmp_path: Path, lines: str, words: str) -> None:
    with Mailbox() as server:
        post = Post(tmp_path, server.port, lines, letter())
        assert post.letters.one()
    (mail,) = server.mails
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == ("box@example.jp", "yamada@example.jp", "auto-generated")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith("山田 様")
    assert text.rstrip().endswith(words or "伝言があります(0:03)。")
    assert [part.get_filename() for part in mail.iter_attachments()] == ["msg0000.wav"]
    assert post.left() == []
    assert [row.record.subject for row in post.ledger.since(0, [NoticeSent])] != []
    assert not post.letters.one()


def test_nobody_else_is_written_to(tmp_path: Path) -> None:
    with Mailbox() as server:
        post = Post(
            tmp_path,
            server.port,
            "",
            letter("someone@else.example"),
            letter("yamada@example.jp, x@else.example", Bcc="y@else.example"),
        )
        assert post.letters.one() and post.letters.one() and not post.letters.one()
    (mail,) = server.mails
    assert (mail["To"], mail["Bcc"]) == ("yamada@example.jp", None)
    assert post.left() == ["m0.eml"], "what goes to nobody of ours stays, and is said"


def test_a_server_that_is_away_costs_nothing(tmp_path: Path) -> None:
    with Mailbox() as server:
        post = Post(tmp_path, server.port, "", letter())
    assert post.letters.one()
    assert post.left() == ["m0.eml"]
    assert not post.letters.one(), "not at once again"
    with Mailbox() as server:
        (tmp_path / "appliance.toml").write_text(SETTINGS.format(port=server.port, program=""), "utf-8")
        again = Letters(Box.at(tmp_path), post.ledger, post.clock)
        post.clock.step(AGAIN / 1e9)
        assert again.one()
        assert len(server.mails) == 1
    assert post.left() == []
