"""Voicemail: mail with the message, a PIN that is digits, and a changed PIN that no new file overwrites."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.phone_settings import Secrets, Voicebox
from provisioning.asterisk import lines, voicemail
from tests.bed.boxes import section, wiring


def test_a_box_mails_its_messages_with_the_sound() -> None:
    found = section(voicemail.render(wiring()), "default")
    assert found["201"] == "4321,山田 太郎,yamada@example.jp,,maxsecs=180|attach=yes"
    box = Voicebox(number="201", mail="a@example.jp", attach=False, delete_mailed=True)
    assert section(voicemail.render(wiring(boxes=[box])), "default")["201"].endswith("attach=no|delete=yes")


def test_a_box_without_mail_keeps_its_messages() -> None:
    box = Voicebox(number="201", delete_mailed=True)
    assert "delete" not in section(voicemail.render(wiring(boxes=[box])), "default")["201"]


def test_a_pin_that_its_owner_changed_stays_with_the_messages() -> None:
    assert section(voicemail.render(wiring()), "general")["passwordlocation"] == "spooldir"


def test_a_pin_that_is_no_number_is_told() -> None:
    with pytest.raises(lines.UnwritableError, match=r"write digits into box-201\.secret"):
        voicemail.render(replace(wiring(), secrets=Secrets(boxes={"201": "abc"})))


def test_mails_speak_the_offices_language() -> None:
    assert "伝言" in section(voicemail.render(wiring(language="ja")), "general")["emailsubject"]
    assert "Message" in section(voicemail.render(wiring(language="en")), "general")["emailsubject"]
