"""With the label's code somebody becomes the administrator, once; wrong codes are throttled."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import first_code
from appliance.box import Box
from appliance.ledger import Ledger
from tests.appliance.furnished import Furnished, TestClient, browser
from tests.fakes.clock import FakeClock

PASSWORD = "a lasting password"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box that nobody has an account on."""
    fresh = Box.at(tmp_path / "var")
    Ledger.open(fresh.folders.ledger).close()
    return fresh


def give(client: TestClient, code: str, **changed: str) -> int:
    form = {"code": code, "name": "tanaka", "new": PASSWORD, "again": PASSWORD} | changed
    return int(client.post("/first", data=form).status_code)


def test_the_bearer_of_the_code_becomes_the_administrator_and_the_code_ends(box: Box) -> None:
    code = first_code.make(box.folders)
    client = browser(box, FakeClock())
    assert client.get("/sign-in").headers["location"] == "/first"
    assert 'name="code"' in client.get("/first").text
    assert give(client, code, again="another password") == 409
    assert give(client, code, new="short", again="short") == 409
    assert give(client, code, name="a b") == 409
    answer = client.post("/first", data={"code": code.lower(), "name": "tanaka", "new": PASSWORD, "again": PASSWORD})
    assert answer.headers["location"] == "/setup"
    assert client.get("/setup").status_code == 200
    assert not first_code.exists(box.folders)
    stranger = browser(box, FakeClock())
    assert stranger.get("/first").headers["location"] == "/sign-in"
    assert give(stranger, code, name="mallory") == 303
    assert stranger.get("/setup").status_code == 303, "signed in nobody"
    assert stranger.post("/sign-in", data={"name": "tanaka", "password": PASSWORD}).headers["location"] == "/"


def test_wrong_codes_are_throttled(box: Box) -> None:
    code = first_code.make(box.folders)
    client = browser(box, FakeClock())
    assert [give(client, "AAAA-AAAA-AAAA") for _ in range(6)] == [401] * 5 + [429]
    assert give(client, code) == 429, "the right one has to wait too"


def test_where_somebody_has_an_account_a_label_opens_nothing(own: Furnished) -> None:
    code = first_code.make(own.box.folders)
    client = browser(own.box, own.clock())
    assert client.get("/sign-in").status_code == 200
    assert give(client, code) == 303
    assert client.get("/setup").status_code == 303
