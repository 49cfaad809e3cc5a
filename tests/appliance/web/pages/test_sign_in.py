"""Signing in gives a fresh session to whoever knows the password, leads nowhere but to this console, and tells nobody else anything."""

from __future__ import annotations

from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.web.accounts import FREE_TRIES, Accounts
from appliance.web.security import COOKIE
from tests.appliance.furnished import PASSWORD, Furnished, browser, signed_in

RIGHT = {"name": "admin", "password": PASSWORD}
LEADING_AWAY = [
    "//evil.example", "https://evil.example", "https:evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\r\nSet-Cookie: x=y", "javascript:alert(1)", "\x00", "/\u202emoc.live", "", "http:///evil.example",
]  # fmt: skip


class Fields(HTMLParser):
    """The fields of a page's forms with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.values[str(found["name"])] = found.get("value") or ""


def cookie(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


def one_time(own: Furnished, name: str) -> str:
    with own.ledger() as ledger:
        return Accounts(ledger, own.clock().now, 12).one_time_password(name)


def test_the_right_password_leads_to_where_one_wanted_to_go(own: Furnished) -> None:
    answer = browser(own.box, own.clock()).post("/sign-in", data={**RIGHT, "next": "/calls?number=090&direction=inbound"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/calls?number=090&direction=inbound"
    token = cookie(answer)[COOKIE].value
    assert browser(own.box, own.clock(), token).get("/calls").status_code == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_for_this_console_alone(own: Furnished, scheme: str) -> None:
    client = browser(own.box, own.clock())
    client.base_url = httpx.URL(f"{scheme}://testserver")
    found = cookie(client.post("/sign-in", data=RIGHT))[COOKIE]
    assert found["httponly"] is True, "no script reads it"
    assert found["samesite"].lower() == "lax"
    assert found["path"] == "/"
    assert bool(found["secure"]) == (scheme == "https")
    assert not found["domain"] and not found["max-age"] and not found["expires"], "it goes with the browser's window"


def test_a_token_that_was_there_before_is_not_taken_over(own: Furnished) -> None:
    planted = "planted-by-somebody-else"
    client = browser(own.box, own.clock(), planted)
    fresh = cookie(client.post("/sign-in", data=RIGHT))[COOKIE].value
    assert fresh not in (planted, own.token)
    assert browser(own.box, own.clock(), planted).get("/calls").status_code == 303
    again = cookie(browser(own.box, own.clock(), fresh).post("/sign-in", data=RIGHT))[COOKIE].value
    assert again != fresh, "a second sign-in is a new session"


def test_a_one_time_password_leads_to_choosing_ones_own_and_then_to_where_one_wanted(own: Furnished) -> None:
    wanted = "/calls?number=090&begin=2026-11-22&direction=inbound"
    answer = browser(own.box, own.clock()).post(
        "/sign-in", data={"name": "suzuki", "password": one_time(own, "suzuki"), "next": wanted}
    )
    place = urlsplit(answer.headers["location"])
    assert place.path == "/account"
    assert parse_qs(place.query, strict_parsing=True) == {"next": [wanted]}
    page = browser(own.box, own.clock(), cookie(answer)[COOKIE].value).get(answer.headers["location"]).text
    assert Fields(page).values["next"] == wanted
    assert "old" not in Fields(page).values, "there is no present password to be asked for"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(own: Furnished) -> None:
    client = browser(own.box, own.clock())
    known = client.post("/sign-in", data={"name": "admin", "password": "wrong"})
    unknown = client.post("/sign-in", data={"name": "nimda", "password": "wrong"})
    assert known.status_code == unknown.status_code == 401
    assert known.text == unknown.text.replace("nimda", "admin")
    assert {**known.headers} == {**unknown.headers}
    assert "set-cookie" not in known.headers
    assert 'role="alert"' in known.text


def test_a_typed_password_is_never_shown_again(own: Furnished) -> None:
    answer = browser(own.box, own.clock()).post("/sign-in", data={"name": "admin", "password": "mistyped-s3cret"})
    assert "mistyped-s3cret" not in answer.text


def test_too_many_tries_are_told_how_long_to_wait(own: Furnished) -> None:
    clock = own.clock()
    client = browser(own.box, clock, language="en")
    for _ in range(FREE_TRIES):
        assert client.post("/sign-in", data={"name": "nobody", "password": "x"}).status_code == 401
    answer = client.post("/sign-in", data=RIGHT)
    assert answer.status_code == 429
    assert "Wait 2 seconds" in answer.text
    clock.forward(1.5)
    assert "Wait 1 second," in client.post("/sign-in", data=RIGHT).text
    clock.forward(0.5)
    assert client.post("/sign-in", data=RIGHT).status_code == 303


@pytest.mark.parametrize("wanted", LEADING_AWAY)
def test_nobody_is_led_away_when_signed_in_already(furnished: Furnished, wanted: str) -> None:
    answer = signed_in(furnished).get("/sign-in", params={"next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("wanted", LEADING_AWAY)
def test_the_form_keeps_no_address_that_leads_away(furnished: Furnished, wanted: str) -> None:
    page = browser(furnished.box, furnished.clock()).get("/sign-in", params={"next": wanted}).text
    assert Fields(page).values["next"] == "/"


def test_nobody_is_led_away_by_signing_in(own: Furnished) -> None:
    client = browser(own.box, own.clock())
    for wanted in ("//evil.example", "/\\evil.example", "https:evil.example"):
        answer = client.post("/sign-in", data={**RIGHT, "next": wanted})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    name = "watanabe"
    answer = client.post("/sign-in", data={"name": name, "password": one_time(own, name), "next": "//evil.example"})
    assert answer.headers["location"] == "/account?next=%2F"


def test_what_was_typed_comes_back_as_text(own: Furnished) -> None:
    evil = '"><script>alert(1)</script>'
    wanted = "/calls?number=" + evil
    page = browser(own.box, own.clock()).post("/sign-in", data={"name": evil, "password": "x", "next": wanted}).text
    assert "<script>" not in page
    assert {"name": evil, "next": wanted}.items() <= Fields(page).values.items()


@pytest.mark.parametrize(("field", "length"), [("name", 101), ("password", 1001), ("next", 2001)])
def test_a_field_beyond_its_bound_is_refused(own: Furnished, field: str, length: int) -> None:
    answer = browser(own.box, own.clock()).post("/sign-in", data={**RIGHT, field: "/" * length})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200) | st.builds(lambda name: b"name=" + name + b"&password=x", st.binary(max_size=60)),
    kind=st.sampled_from([
        "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data",
        "multipart/form-data; boundary=x", "application/json", "text/plain", "", "é",
    ]),
)  # fmt: skip
def test_no_body_breaks_the_sign_in(own: Furnished, body: bytes, kind: str) -> None:
    client = browser(own.box, own.clock())
    answer = client.post("/sign-in", content=body, headers={"Content-Type": kind.encode("latin-1")})
    assert 400 <= answer.status_code < 500


def test_signing_out_ends_the_session_and_takes_the_cookie_back(own: Furnished) -> None:
    client = signed_in(own)
    answer = client.post("/sign-out", data={"csrf": Fields(client.get("/calls").text).values["csrf"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert cookie(answer)[COOKIE]["max-age"] == "0" and cookie(answer)[COOKIE]["path"] == "/"
    assert signed_in(own).get("/calls").status_code == 303, "the token opens nothing any more"


def test_a_link_signs_nobody_out(own: Furnished) -> None:
    client = signed_in(own)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/calls").status_code == 200


def test_the_console_begins_with_the_calls(furnished: Furnished) -> None:
    answer = browser(furnished.box, furnished.clock()).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls")
