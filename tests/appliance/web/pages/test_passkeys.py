"""The pages of passkeys: added with the password, used at the sign-in, removed; a forged answer gets 401 and no session."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.web.passkeys import Passkeys
from appliance.web.people import People
from appliance.web.security import COOKIE
from tests.appliance.furnished import PASSWORD, Furnished, TestClient, browser, signed_in
from tests.fakes.authenticator import Authenticator

HERE = "http://localhost"


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(f"{HERE}/account").text)
    assert found is not None
    return found[1]


def add(client: TestClient, device: Authenticator, old: str = PASSWORD) -> httpx.Response:
    secret = csrf(client)
    asked: httpx.Response = client.post(f"{HERE}/account/passkeys/options", data={"csrf": secret, "old": old})
    if asked.status_code != 200:
        return asked
    kept: httpx.Response = client.post(
        f"{HERE}/account/passkeys", data={"csrf": secret, "name": "鍵<b>", "answer": device.make(asked.text)}
    )
    return kept


def use(visitor: TestClient, device: Authenticator, following: str = "/calls?number=090") -> httpx.Response:
    asked = visitor.post(f"{HERE}/sign-in/passkey/options")
    assert asked.status_code == 200
    answer: httpx.Response = visitor.post(f"{HERE}/sign-in/passkey", data={"answer": device.sign(asked.text), "next": following})
    return answer


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(HERE, "localhost")


def test_a_passkey_is_added_signs_in_and_is_removed(own: Furnished, device: Authenticator) -> None:
    boss = signed_in(own)
    assert add(boss, device).json() == {"next": "/account"}
    page = boss.get(f"{HERE}/account").text
    assert "鍵&lt;b&gt;" in page
    visitor = browser(own.box, own.clock(), "planted")
    answer = use(visitor, device)
    assert answer.json() == {"next": "/calls?number=090"}
    fresh = answer.cookies[COOKIE]
    assert fresh != "planted", "a session of its own"
    assert browser(own.box, own.clock(), fresh).get("/calls").status_code == 200
    assert use(browser(own.box, own.clock()), device, "//evil.example/").json() == {"next": "/"}
    address = re.findall(r'action="(/account/passkeys/[0-9a-f]{16})"', page)[0]
    assert boss.post(f"{HERE}{address}", data={"csrf": csrf(boss)}).status_code == 303
    assert use(browser(own.box, own.clock()), device).status_code == 401


def test_without_the_password_none_is_added(own: Furnished, device: Authenticator) -> None:
    boss = signed_in(own)
    answer = add(boss, device, old="wrong")
    assert answer.status_code == 409
    with own.ledger() as ledger:
        assert Passkeys(ledger, own.clock().now).of("admin") == []


def test_a_forged_answer_is_no_session(own: Furnished, device: Authenticator) -> None:
    add(signed_in(own), device)
    visitor = browser(own.box, own.clock())
    for answer in ("", "x", "{}", device.sign('{"challenge": "AAAA"}')):
        visitor.post(f"{HERE}/sign-in/passkey/options")
        refused = visitor.post(f"{HERE}/sign-in/passkey", data={"answer": answer})
        assert refused.status_code == 401
        assert COOKIE not in refused.cookies
    asked = visitor.post(f"{HERE}/sign-in/passkey/options").text
    other = browser(own.box, own.clock())
    assert other.post(f"{HERE}/sign-in/passkey", data={"answer": device.sign(asked)}).status_code == 401, (
        "another browser was asked"
    )


def test_under_a_name_that_is_not_the_boxs_there_are_none(own: Furnished) -> None:
    for host in ("http://testserver", "http://evil.example", "https://192.168.1.9"):
        visitor = browser(own.box, own.clock())
        assert visitor.post(f"{host}/sign-in/passkey/options", headers={"Accept": "*/*"}).status_code == 409
        assert "data-passkey" not in visitor.get(f"{host}/sign-in").text
    assert "data-passkey" in browser(own.box, own.clock()).get(f"{HERE}/sign-in").text
    assert "data-passkey" in browser(own.box, own.clock()).get("https://recorder.local/sign-in").text


def test_a_manager_takes_the_passkeys_of_a_lost_device_away(own: Furnished, device: Authenticator) -> None:
    boss = signed_in(own)
    add(boss, device)
    with own.ledger() as ledger:
        found = People(ledger, own.clock().now).get("admin")
    assert found is not None and found.passkeys == 1
    assert "パスキー" in boss.get("/users").text
    assert boss.post("/users/people/admin", data={"csrf": csrf(boss), "do": "passkeys"}).status_code == 303
    assert use(browser(own.box, own.clock()), device).status_code == 401
