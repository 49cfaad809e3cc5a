"""To whom recordings are sealed: the console's own key first, then everybody the configuration names, never nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import config
from appliance.box import Box
from appliance.config import Config
from appliance.health.checks import Context
from appliance.health.checks.keys import check
from appliance.keys import Identity, KeyFileError, playback_identity
from appliance.ledger import Ledger
from appliance.recipients import recipients
from appliance.sealed import open_sealed, seal
from tests.bed.made import MadeCall
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, captured
from tests.fakes.clock import START


def named(*identities: Identity) -> Config:
    return Config(recipients=[config.Recipient(name=one.name, key=str(one.recipient)) for one in identities])


def test_without_any_named_the_console_alone_can_open(box: Box) -> None:
    (own,) = recipients(Config(), box.folders, START)
    assert own.name == "playback"
    assert open_sealed(seal(b"talk", [own]), [playback_identity(box.folders.keys, START)]) == b"talk"


def test_everybody_who_is_named_can_open_each_alone(box: Box) -> None:
    customer, escrow = Identity.new("customer"), Identity.new("escrow")
    found = recipients(named(customer, escrow), box.folders, START)
    assert [one.name for one in found] == ["playback", "customer", "escrow"]
    sealed = seal(b"talk", found)
    assert all(open_sealed(sealed, [one]) == b"talk" for one in (customer, escrow, playback_identity(box.folders.keys, START)))


def test_the_consoles_key_named_again_is_there_once(box: Box) -> None:
    (own,) = recipients(Config(), box.folders, START)
    again = Config(recipients=[config.Recipient(name="console", key=str(own))])
    assert recipients(again, box.folders, START) == [own]


def test_the_same_recipients_every_time(box: Box) -> None:
    assert recipients(Config(), box.folders, START) == recipients(Config(), box.folders, START)


@pytest.mark.parametrize("content", ["", "age1nonsense"])
def test_f37_without_the_consoles_key_recordings_are_sealed_to_the_others_and_it_is_said(
    box: Box, ledger: Ledger, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    recipients(Config(), box.folders, START)
    (box.folders.keys / "playback.pub").write_text(content)
    found = recipients(named(Identity.new("customer"), Identity.new("escrow")), box.folders, START)
    assert [one.name for one in found] == ["customer", "escrow"]
    assert "sealed to customer, escrow alone" in caplog.text
    assert "playback.pub" in "".join(str(finding.what) for finding in check(Context(box, ledger, START)))


def test_f37_without_one_who_must_open_no_recording_is_made_and_it_is_said(box: Box, ledger: Ledger) -> None:
    customer = Identity.new("customer")
    wanted = named(customer).model_copy(update={"must_open": ["customer", "escrow"]})
    with pytest.raises(
        KeyFileError, match=r"escrow must be able to open every recording and has no key here; add \[\[recipients\]\]"
    ):
        recipients(wanted, box.folders, START)
    alarmed = [str(finding.what) for finding in check(Context(Box(box.folders, wanted, box.source), ledger, START))]
    assert "No recording is made: escrow must be able to open it and has no key." in alarmed
    content = named(customer).model_copy(update={"must_open": ["customer", "playback"]})
    assert [one.name for one in recipients(content, box.folders, START)] == ["playback", "customer"]
    (box.folders.keys / "playback.pub").write_text("")
    with pytest.raises(KeyFileError, match="playback must be able"):
        recipients(content, box.folders, START)


def test_f37_a_call_waits_on_the_spool_until_the_recipient_is_back(tmp_path: Path) -> None:
    box = captured(tmp_path / "var", MadeCall(talk=0.2))
    settings = box.folders.data / "appliance.toml"
    settings.write_text('must_open = ["escrow"]\n')
    assert "escrow must be able to open" in appliance("capture", "render", "--once", "--data", box.folders.data, code=4).sentence
    assert all_recordings(box) == [] and list(box.folders.spool.glob("eth1/*"))
    settings.write_text(f'must_open = ["escrow"]\n[[recipients]]\nname = "escrow"\nkey = "{Identity.new("escrow").recipient}"\n')
    appliance("capture", "render", "--once", "--data", box.folders.data)
    (recording,) = all_recordings(box)
    assert len(recording.facts.recipients) == 2


@pytest.mark.parametrize("content", ["", "age1nonsense"])
def test_f37_without_anybody_nothing_is_kept_in_clear_instead(box: Box, content: str) -> None:
    recipients(Config(), box.folders, START)
    (box.folders.keys / "playback.pub").write_text(content)
    with pytest.raises(KeyFileError, match=r"playback\.pub"):
        recipients(Config(), box.folders, START)
