"""Of a new box the console offers the label's code alone; it makes one administrator, once, and nobody finds it by trying."""

from __future__ import annotations

import pytest

from appliance import first_code
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.web.accounts import FREE_TRIES
from appliance.web.people import People
from appliance.web.rights import ADMINISTRATOR
from appliance.web.security import COOKIE
from tests.appliance.furnished import PASSWORD, TestClient, browser
from tests.fakes.clock import FakeClock


@pytest.fixture
def client(box: Box, clock: FakeClock) -> TestClient:
    return browser(box, clock)


@pytest.fixture
def code(box: Box, ledger: Ledger) -> str:
    return first_code.make(ledger, 1, "root")


def test_a_new_box_offers_the_code_and_no_sign_in(client: TestClient, code: str) -> None:
    assert client.get("/sign-in").headers["location"] == "/first"
    page = client.get("/first").text
    assert 'name="code"' in page and code not in page


def test_without_a_code_it_says_how_one_is_made(client: TestClient) -> None:
    page = client.get("/first").text
    assert "appliance provisioning label" in page and "<form" not in page
    assert client.post("/first", data={"code": "", "name": "sato", "password": PASSWORD}).status_code == 401


def test_the_code_makes_the_first_administrator_and_ends(
    client: TestClient, box: Box, clock: FakeClock, ledger: Ledger, code: str
) -> None:
    answer = client.post("/first", data={"code": code.upper(), "name": " 佐藤 ".strip(), "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert COOKIE in answer.cookies and "httponly" in answer.headers["set-cookie"].lower()
    (person,) = People(ledger, clock.now).all()
    assert (person.name, person.role.id, person.one_time) == ("佐藤", ADMINISTRATOR, False)
    assert first_code.stored(ledger.connection) == ""
    row = ledger.latest(Changed, "account 佐藤")
    assert row is not None and isinstance(row.record, Changed) and row.record.what == "first administrator, by the label"
    other = browser(box, clock)
    assert other.post("/first", data={"code": code, "name": "evil", "password": PASSWORD}).headers["location"] == "/sign-in"
    assert other.get("/first").headers["location"] == "/sign-in"
    assert len(People(ledger, clock.now).all()) == 1
    assert other.post("/sign-in", data={"name": "佐藤", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"code": "xxxx-xxxx-xxxx"}, 401),
        ({"name": "<script>"}, 422),
        ({"name": ""}, 422),
        ({"password": "short"}, 422),
        ({"name": "longenoughname", "password": "LongEnoughName"}, 422),
    ],
)
def test_what_is_wrong_is_said_and_the_code_stays(
    client: TestClient, ledger: Ledger, clock: FakeClock, code: str, given: dict[str, str], status: int
) -> None:
    answer = client.post("/first", data={"code": code, "name": "sato", "password": PASSWORD, **given})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text and "<script>" not in answer.text and PASSWORD not in answer.text
    assert not People(ledger, clock.now).all()
    assert first_code.stored(ledger.connection)


def test_trying_codes_is_throttled_like_signing_in(client: TestClient, clock: FakeClock, code: str) -> None:
    wrong = {"code": "xxxx-xxxx-xxxx", "name": "sato", "password": PASSWORD}
    assert [client.post("/first", data=wrong).status_code for _ in range(FREE_TRIES)] == [401] * FREE_TRIES
    assert client.post("/first", data={**wrong, "code": code}).status_code == 429
    clock.forward(60)
    assert client.post("/first", data={**wrong, "code": code}).status_code == 303
