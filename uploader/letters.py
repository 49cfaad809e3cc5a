"""Sends the mails in which Asterisk tells of voicemail: through the box's mail channel, with what was said in words where that is wished.

Asterisk's own root holds no mail program and shall not leave the box, so it lays its mails into a folder (`mailcmd`). They go to the
addresses of the voicemail boxes and to nobody else. One that cannot be sent stays and is tried again; nothing is dropped.
"""

from __future__ import annotations

import email
import email.policy
import logging
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

from appliance import shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import ApplianceError, CouldNotError
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.moments import SECOND
from appliance.records import NoticeSent
from uploader.channels import mail
from uploader.teller import read_options, secret
from uploader.transcripts import TranscriptError, transcribe

FOLDER = "asterisk/spool/mail"
"""Below the box's data; `provisioning/asterisk/voicemail.py` names the same place as Asterisk sees it."""
AGAIN = 300 * SECOND
MOST_BYTES = 64 * 1024 * 1024
_HEAD = {"ja": "文字起こし(自動):", "en": "In words (by machine):"}
_NONE = {"ja": "文字起こしはできませんでした。", "en": "There is no transcript."}

log = logging.getLogger(__name__)


class Letters:
    """The mails of one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._not_before: dict[str, int] = {}
        self._trouble = Trouble(log, clock.monotonic)

    def one(self) -> bool:
        """Send the oldest that is due; returns whether there was one."""
        now = self._clock.now()
        folder = self._box.folders.data / FOLDER
        waiting = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else []
        path = next((one for one in waiting if self._not_before.get(one.name, 0) <= now), None)
        if path is None:
            return False
        try:
            channel = self._send(path)
        except (ApplianceError, OSError) as error:
            self._not_before[path.name] = now + AGAIN
            self._trouble.happened(f"voicemail's mail {path.name}: {error}")
            return True
        self._ledger.append(NoticeSent(at=now, channel=channel, notice=f"voicemail/{path.name}", event="voicemail"))
        shelf.remove(path)
        self._not_before.pop(path.name, None)
        self._trouble.over("voicemail's mails are taken again")
        return True

    def _send(self, path: Path) -> str:
        """Send this one; returns through which channel. Raises ApplianceError."""
        config = self._box.config
        place = next((number for number, one in enumerate(config.notify.channels) if one.kind == "mail"), None)
        if place is None:
            raise CouldNotError("there is no channel of kind mail; add one to [[notify.channels]]")
        channel = config.notify.channels[place]
        _, options = read_options(self._box, place, channel)
        assert isinstance(options, mail.Options)  # as its kind says
        letter = read(path)
        to = recipients(letter, {box.mail for box in config.phone.boxes if box.mail})
        if not to:
            raise CouldNotError("goes to no voicemail box's address; it stays where it is")
        for name in ("From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Auto-Submitted"):
            del letter[name]
        letter["From"], letter["To"], letter["Auto-Submitted"] = options.sender, ", ".join(to), "auto-generated"
        if config.phone.transcript_program:
            self._tell_in_words(letter)
        mail.deliver(options, secret(self._box, channel.name), letter)
        return channel.name

    def _tell_in_words(self, letter: EmailMessage) -> None:
        phone = self._box.config.phone
        sound = next((part for part in letter.walk() if part.get_content_maintype() == "audio"), None)
        if sound is None:
            return
        heard = sound.get_payload(decode=True)
        try:
            said = transcribe(phone.transcript_program, heard if isinstance(heard, bytes) else b"", phone.transcript_seconds)
        except TranscriptError as error:
            log.warning("voicemail: %s", error)
            said = ""
        words = f"{_HEAD[phone.language]}\n{said}" if said else _NONE[phone.language]
        body = letter.get_body(("plain",))
        if isinstance(body, EmailMessage):
            body.set_content(f"{body.get_content().rstrip()}\n\n{words}\n", charset="utf-8")


def read(path: Path) -> EmailMessage:
    """The mail. Raises CouldNotError."""
    if path.is_symlink() or path.stat().st_size > MOST_BYTES:
        raise CouldNotError("is larger than any message may be; it stays where it is")
    letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(letter, EmailMessage)  # as the policy makes them
    return letter


def recipients(letter: EmailMessage, known: set[str]) -> list[str]:
    """Those of its addressees that are voicemail boxes' addresses."""
    named = [address for _, address in getaddresses([str(value) for value in letter.get_all("To", [])])]
    return list(dict.fromkeys(address for address in named if address in known))
