"""A form becomes a configuration that holds; what a person did not touch stays as it was, comments too."""

from __future__ import annotations

import pytest

from appliance.config import Config, Source, parse
from appliance.errors import SaidError
from appliance.keys import Identity
from appliance.web import setup_forms
from appliance.web.setup_forms import FORMS, filled, with_channel, with_lines, with_recipient, without_channel, without_recipient

TEXT = '# the office\n[site]\nname = "東京店"  # on the door\n'


def config(text: str) -> Config:
    return parse(Source("x", text))


def unchanged(text: str, page: str) -> dict[str, str]:
    """What a browser sends when nobody touched the form."""
    told = {}
    for field in FORMS[page]:
        shown = field.shown(config(text))
        told[field.path] = ("1" if shown else "") if field.kind == "tick" else str(shown)
    return told


@pytest.mark.parametrize("page", FORMS)
def test_a_form_that_nobody_touched_changes_nothing(page: str) -> None:
    assert filled(TEXT, FORMS[page], unchanged(TEXT, page)) == TEXT
    assert filled("", FORMS[page], unchanged("", page)) == ""


def test_what_was_filled_in_is_in_its_place() -> None:
    text = filled(
        TEXT, FORMS["network"], unchanged(TEXT, "network") | {"capture.interface": "eth1", "network.lan.dns": "10.0.0.1 10.0.0.2"}
    )
    assert config(text).capture.interface == "eth1"
    assert config(text).network.lan.dns == ["10.0.0.1", "10.0.0.2"]
    assert 'name = "東京店"  # on the door' in text
    text = filled(
        text, FORMS["store"], unchanged(text, "store") | {"store.kind": "s3", "store.options": 'bucket = "b"\nregion = "r"'}
    )
    assert config(text).store.options == {"bucket": "b", "region": "r"}
    text = filled(text, FORMS["recording"], unchanged(text, "recording") | {"register_of_access.approve_copies": "1"})
    assert config(text).register_of_access.approve_copies
    text = filled(text, FORMS["keys"], unchanged(text, "keys") | {"must_open": "playback"})
    assert config(text).must_open == ["playback"]
    text = filled(text, FORMS["keys"], unchanged(text, "keys") | {"must_open": ""})
    assert config(text).must_open == []


@pytest.mark.parametrize(
    ("path", "given", "page"), [("store.plan_gigabytes", "many", "store"), ("store.options", "bucket", "store")]
)
def test_what_cannot_be_read_is_said(path: str, given: str, page: str) -> None:
    with pytest.raises(SaidError):
        filled(TEXT, FORMS[page], unchanged(TEXT, page) | {path: given})


def test_lines_are_rows() -> None:
    rows = [
        {"number": "03-1", "name": "代表", "group": "営業", "record": "1"},
        {"number": "", "name": "nobody", "group": "", "record": "1"},
        {"number": "03-2", "name": "", "group": "", "record": ""},
    ]
    lines = config(with_lines(TEXT, rows)).lines
    assert [(line.number, line.name, line.group, line.record) for line in lines] == [
        ("03-1", "代表", "営業", True), ("03-2", "", "", False),
    ]  # fmt: skip


def test_a_public_key_is_taken_and_a_private_one_is_not() -> None:
    identity = Identity.new("customer")
    text = with_recipient(TEXT, "customer", f"# made today\n{identity.recipient}\n")
    assert config(text).recipients[0].key == str(identity.recipient)
    with pytest.raises(SaidError, match="private key"):
        with_recipient(TEXT, "customer", "AGE-SECRET-KEY-1QQQ")
    with pytest.raises(SaidError, match="already"):
        with_recipient(text, "customer", str(identity.recipient))
    assert without_recipient(text, "customer").strip() == TEXT.strip()


def test_a_channel_is_added_changed_and_removed() -> None:
    text = with_channel(TEXT, "chat", "slack", 'url = "https://a.example"')
    text = with_channel(text, "chat", "slack", 'url = "https://b.example"')
    (channel,) = config(text).notify.channels
    assert (channel.kind, channel.options) == ("slack", {"url": "https://b.example"})
    assert config(without_channel(text, "chat")).notify.channels == []
    assert setup_forms.options_text(channel.options) == 'url = "https://b.example"'
