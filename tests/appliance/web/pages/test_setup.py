"""A change is shown before it counts, keeps what was before, and is undone; a form that is not ours changes nothing."""

from __future__ import annotations

import html
import re

import pytest

from appliance import config_change
from appliance.keys import Identity
from appliance.web.setup_steps import STEPS
from tests.appliance.furnished import Furnished, TestClient, signed_in


def csrf(client: TestClient) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', client.get("/account").text)[0])


def shown(text: str) -> dict[str, str]:
    """The hidden fields of the page that shows a change."""
    told = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
    return told | {"text": html.unescape(re.findall(r'name="text" hidden>\n(.*?)</textarea>', text, re.DOTALL)[0])}


def save(client: TestClient, step: str, page: str) -> str:
    """Save what a page shows; returns the address of what came of it."""
    answer = client.post(f"/setup/{step}", data=shown(page) | {"do": "save", "csrf": csrf(client), "why": "moved"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_a_page_in_both_languages(furnished: Furnished, step: str) -> None:
    for language in ("ja", "en"):
        answer = signed_in(furnished, language).get(f"/setup/{step}")
        assert answer.status_code == 200
    assert f'href="/setup/{step}"' in signed_in(furnished).get("/setup").text


def test_a_step_that_is_none(furnished: Furnished) -> None:
    assert signed_in(furnished).get("/setup/nothing").status_code == 404


def test_a_line_is_named_seen_as_a_difference_saved_and_undone(own: Furnished) -> None:
    client = signed_in(own)
    before = config_change.text_of(own.box)
    form = {
        "csrf": csrf(client), "do": "look", "site.name": own.box.config.site.name, "site.area_code": "03",
        "line-number": ["03-1234-5678", "03-9999-0000"], "line-name": ["代表", "<b>"], "line-group": ["", ""], "line-record": ["1", ""],
    }  # fmt: skip
    page = client.post("/setup/lines", data=form).text
    assert "+number = &#34;03-9999-0000&#34;" in page
    assert "<b>" not in page.replace("<b></b>", "")
    assert config_change.text_of(own.box) == before, "it was only shown"
    where = save(client, "lines", page)
    assert "変更が有効" in client.get(where).text
    assert [line.name for line in config_change.current(own.box).config.lines] == ["代表", "<b>"]
    assert "&lt;b&gt;" in client.get("/setup/lines").text
    (change,) = config_change.versions(own.box)
    assert (change.who, change.why) == ("admin", "moved")
    undone = client.post("/setup/text", data={"csrf": csrf(client), "do": "undo", "version": change.id}).text
    save(client, "text", undone)
    assert config_change.text_of(own.box) == before


def test_what_does_not_hold_is_said_on_the_page_and_not_saved(own: Furnished) -> None:
    client = signed_in(own)
    answer = client.post("/setup/text", data={"csrf": csrf(client), "do": "look", "text": "[site]\nnmae = 1\n"})
    assert answer.status_code == 409
    assert "appliance.toml:2: site.nmae: is not a setting" in answer.text
    answer = client.post(
        "/setup/time", data={"csrf": csrf(client), "do": "look", "site.timezone": "Mars/Base", "network.time_servers": ""}
    )
    assert answer.status_code == 409
    assert "is no time zone" in answer.text
    assert config_change.versions(own.box) == []


def test_what_somebody_else_changed_is_not_written_over(own: Furnished) -> None:
    client = signed_in(own)
    page = client.post("/setup/text", data={"csrf": csrf(client), "do": "look", "text": "[health]\ndisk_hours = 5\n"}).text
    config_change.propose(own.box, "[health]\ndisk_hours = 6\n", "suzuki", "", own.now)
    answer = client.post("/setup/text", data=shown(page) | {"do": "save", "csrf": csrf(client)})
    assert answer.status_code == 409
    assert config_change.current(own.box).config.health.disk_hours == 6


def test_a_private_key_is_refused_and_a_public_one_comes_as_a_file(own: Furnished) -> None:
    client = signed_in(own)
    identity = Identity.new("customer")
    form = {"csrf": csrf(client), "do": "add", "name": "customer", "key": ""}
    answer = client.post("/setup/keys", data=form | {"key": "AGE-SECRET-KEY-1QQQQ"})
    assert answer.status_code == 409
    assert "AGE-SECRET-KEY" not in answer.text
    page = client.post("/setup/keys", data=form, files={"file": ("customer.pub", f"{identity.recipient}\n".encode())}).text
    save(client, "keys", page)
    assert config_change.current(own.box).config.recipients[0].key == str(identity.recipient)


def test_trying_out_is_left_to_the_uploader(own: Furnished) -> None:
    client = signed_in(own)
    assert client.post("/setup/store", data={"csrf": csrf(client), "do": "test"}).headers["location"] == "/setup/store?tried=1"
    assert client.post("/setup/lines", data={"csrf": csrf(client), "do": "test"}).status_code == 409
    with own.ledger() as ledger:
        assert [row[0] for row in ledger.connection.execute("SELECT kind FROM job WHERE kind = 'canary'")] == ["canary"]


def test_an_address_on_trial_can_be_kept(own: Furnished) -> None:
    client = signed_in(own)
    assert 'value="confirm"' not in client.get("/setup").text
    (own.box.folders.data / "system").mkdir()
    (own.box.folders.data / "system" / "trial.json").write_text("{}")
    assert 'value="confirm"' in client.get("/setup").text
    client.post("/setup/network", data={"csrf": csrf(client), "do": "confirm"})
    assert not (own.box.folders.data / "system" / "trial.json").exists()


@pytest.mark.parametrize("step", ["lines", "text", "keys"])
def test_a_form_that_is_not_ours_changes_nothing(own: Furnished, step: str) -> None:
    assert signed_in(own).post(f"/setup/{step}", data={"do": "look", "text": "", "csrf": "made up"}).status_code == 403
