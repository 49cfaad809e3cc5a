"""One's own password is chosen twice alike, long enough, with the present one, and everybody else is signed out by it."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.web.accounts import MIN_LENGTH, Accounts
from appliance.web.security import COOKIE
from tests.appliance.furnished import PASSWORD, Furnished, TestClient, browser, signed_in

NEW = "another long password"


def form(client: TestClient, **fields: str) -> httpx.Response:
    """The form sent as the page gave it, with these fields filled in."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    answer: httpx.Response = client.post("/account", data={"csrf": found[1], **fields})
    return answer


def opens(own: Furnished, password: str) -> bool:
    answer = browser(own.box, own.clock()).post("/sign-in", data={"name": "admin", "password": password})
    return bool(answer.status_code == 303)


def test_a_new_password_counts_from_now_on_and_the_old_one_no_more(own: Furnished) -> None:
    client = signed_in(own)
    answer = form(client, old=PASSWORD, new=NEW, again=NEW, next="/live")
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    assert client.get("/calls").status_code == 200, "this session goes on"
    assert opens(own, NEW)
    assert not opens(own, PASSWORD)


def test_every_other_session_ends(own: Furnished) -> None:
    elsewhere = browser(own.box, own.clock())
    elsewhere.cookies.set(COOKIE, elsewhere.post("/sign-in", data={"name": "admin", "password": PASSWORD}).cookies[COOKIE])
    assert elsewhere.get("/calls").status_code == 200
    form(signed_in(own), old=PASSWORD, new=NEW, again=NEW)
    assert elsewhere.get("/calls").status_code == 303


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "The present password is wrong."),
        ({"old": "", "new": NEW, "again": NEW}, "The present password is wrong."),
        ({"old": PASSWORD, "new": NEW, "again": NEW + " "}, "The two new passwords differ."),
        ({"old": PASSWORD, "new": "short", "again": "short"}, f"Use at least {MIN_LENGTH} characters"),
        ({"old": PASSWORD, "new": "", "again": ""}, f"Use at least {MIN_LENGTH} characters"),
        ({"old": PASSWORD}, f"Use at least {MIN_LENGTH} characters"),
    ],
)
def test_a_form_filled_in_wrongly_says_what_is_wrong_and_changes_nothing(
    own: Furnished, fields: dict[str, str], sentence: str
) -> None:
    answer = form(signed_in(own, "en"), next="/live", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'name="next" value="/live"' in answer.text, "what one wanted is kept"
    assert NEW not in answer.text and PASSWORD not in answer.text
    with own.ledger() as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM record WHERE kind = 'Changed'").fetchone()[0] == 2


def test_who_came_with_a_one_time_password_is_not_asked_for_it_again(own: Furnished) -> None:
    with own.ledger() as ledger:
        accounts = Accounts(ledger, own.clock().now, 12)
        token = accounts.sign_in("suzuki", accounts.one_time_password("suzuki"), "127.0.0.1")
    client = browser(own.box, own.clock(), token)
    assert "/account?next=/calls" in client.get("/calls").text, "every page reminds of it"
    assert form(client, new=NEW, again=NEW).status_code == 303
    assert "/account?next=" not in client.get("/calls").text
    assert form(client, new=NEW, again=NEW).status_code == 422, "from now on the present one is needed"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_away(own: Furnished, wanted: str) -> None:
    client = signed_in(own)
    assert 'name="next" value="/"' in client.get("/account", params={"next": wanted}).text
    assert 'name="next" value="/"' in form(client, old=PASSWORD, new="x", again="y", next=wanted).text


def test_nobody_is_led_away_by_having_chosen(own: Furnished) -> None:
    assert form(signed_in(own), old=PASSWORD, new=NEW, again=NEW, next="//evil.example").headers["location"] == "/"


def test_the_page_offers_password_managers_what_they_need(furnished: Furnished) -> None:
    page = signed_in(furnished).get("/account").text
    assert re.search(r'name="username" value="admin" autocomplete="username"', page)
    assert page.count('autocomplete="new-password"') == 2
    assert page.count('autocomplete="current-password"') == 1
