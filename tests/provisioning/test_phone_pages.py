"""Extensions and routes are changed in a form: the model's own checks, the plan before, what was before kept, undone in one click."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Changed
from provisioning.phone_pages import pages
from tests.appliance.furnished import TestClient
from tests.appliance.phone_desk import office_of, technician

SETTINGS = """
[phone]
enabled = true
[[phone.extensions]]
number = "201"
name = "受付"
[[phone.trunks]]
name = "main"
kind = "hikari"
host = "192.168.1.1"
user = "3"
numbers = ["03-1234-5678"]
[[phone.routes]]
name = "front"
numbers = ["03-1234-5678"]
target = "extension:201"
"""


@pytest.fixture
def office(tmp_path: Path) -> Box:
    """A box with a telephone."""
    return office_of(tmp_path / "office", SETTINGS)


@pytest.fixture
def client(office: Box) -> TestClient:
    """Somebody who looks after the telephones."""
    return technician(office)


def hidden(page: str) -> dict[str, str]:
    """The form's fields, as a browser sends them back."""
    main = page[page.index('<main id="main">') :]
    fields = dict(re.findall(r'<input(?: type="hidden")? name="(\w+)" value="([^"]*)"', main))
    chosen = re.findall(r'<select name="(\w+)">(?:(?!</select>).)*?<option value="(\w*)" selected', main, re.DOTALL)
    return {name: html.unescape(value) for name, value in {**fields, **dict(chosen)}.items()}


def send(client: TestClient, path: str, **fields: str) -> Any:
    return client.post(path, data={**hidden(client.get(path).text), **fields})


def settings(office: Box) -> str:
    return (office.folders.data / "appliance.toml").read_text("utf-8")


def test_an_extension_is_added_shown_applied_and_undone(office: Box, client: TestClient) -> None:
    shown = send(client, "/phone/settings/extensions/new", number="202", name="<倉庫>", do="save")
    assert "pjsip.conf" in shown.text and "&lt;倉庫&gt;" in shown.text
    assert "secret" not in re.sub(r"\(secret\)", "", shown.text)
    assert settings(office) == SETTINGS
    moved = client.post("/phone/settings/extensions/new", data={**hidden(shown.text), "why": "new desk"})
    assert moved.status_code == 303
    assert '[[phone.extensions]]\nnumber = "202"\nname = "<倉庫>"\n' in settings(office)
    after = client.get(moved.headers["location"]).text
    assert "変更しました" in after and "new desk" in after
    with Ledger.open(office.folders.ledger) as ledger:
        row = ledger.latest(Changed)
        assert row and isinstance(row.record, Changed) and row.record.who == "technician"
    version = re.findall(r'name="version" value="([^"]+)"', after)[0]
    csrf = re.findall(r'name="csrf" value="([^"]+)"', after)[0]
    assert client.post("/phone/settings/undo", data={"csrf": csrf, "version": version}).status_code == 303
    assert settings(office) == SETTINGS


def test_what_does_not_hold_together_is_said_and_nothing_changes(office: Box, client: TestClient) -> None:
    for fields in ({"number": "201"}, {"number": "110"}, {"number": "x"}, {"number": "203", "ring_seconds": "soon"}):
        shown = send(client, "/phone/settings/extensions/new", do="save", **fields)
        assert shown.status_code == 200 and 'role="alert"' in shown.text, fields
    gone = send(client, "/phone/settings/extensions/0", do="remove")
    assert "extension:201 is not there" in gone.text
    assert settings(office) == SETTINGS


def test_a_route_is_changed_and_its_other_settings_stay(office: Box, client: TestClient) -> None:
    shown = send(client, "/phone/settings/routes/0", callers="0120*, payphone", do="save")
    client.post("/phone/settings/routes/0", data={**hidden(shown.text), "why": "x"})
    assert Box.at(office.folders.data).config.phone.routes[0].callers == ["0120*", "payphone"]
    assert Box.at(office.folders.data).config.phone.routes[0].numbers == ["03-1234-5678"]


def test_who_began_with_other_settings_overwrites_nothing(office: Box, client: TestClient) -> None:
    fields = hidden(client.get("/phone/settings/extensions/0").text)
    (office.folders.data / "appliance.toml").write_text(SETTINGS + "\n# by hand\n", "utf-8")
    assert client.post("/phone/settings/extensions/0", data={**fields, "name": "x"}).status_code == 409


@pytest.mark.parametrize("path", ["extensions/9", "extensions/-1", "trunks/0", "routes/x"])
def test_what_is_not_there_is_said(client: TestClient, path: str) -> None:
    assert client.get(f"/phone/settings/{path}").status_code == 404


def test_every_page_names_the_right() -> None:
    assert {page.rights for page in pages()} == {("phone",)}


def test_a_switch_is_asked_of_root_and_what_came_of_it_is_shown(client: TestClient) -> None:
    csrf = re.findall(r'name="csrf" value="([^"]+)"', client.get("/phone/settings").text)[0]
    moved = client.post("/phone/switches/none", data={"csrf": csrf, "on": "1"}).headers["location"]
    assert "変更できませんでした" in client.get(moved).text
