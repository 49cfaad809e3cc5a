"""The users page: accounts with one-time passwords, roles with rights and lines, and nobody climbs above themselves."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.web.accounts import Accounts
from appliance.web.people import People
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, **fields: str | list[str]) -> httpx.Response:
    answer: httpx.Response = client.post(path, data={"csrf": csrf(client), **fields})
    return answer


def as_role(own: Furnished, *rights: Right) -> TestClient:
    with own.ledger() as ledger:
        role = Roles(ledger, own.clock().now).add("made", rights, "test")
        accounts = Accounts(ledger, own.clock().now, 12)
        return browser(own.box, own.clock(), accounts.sign_in("keeper", accounts.one_time_password("keeper", role.id), "-"))


def role_of(own: Furnished, name: str) -> str:
    with own.ledger() as ledger:
        found = People(ledger, own.clock().now).get(name)
    assert found is not None
    return found.role.id


def test_a_new_account_signs_in_with_the_password_that_is_shown_once(own: Furnished) -> None:
    boss = signed_in(own)
    shown = send(boss, "/users", name="佐藤", role="manager")
    password = re.findall(r'class="secret">([^<]+)<', shown.text)[0]
    assert password not in boss.get("/users/people/佐藤").text
    answer = browser(own.box, own.clock()).post("/sign-in", data={"name": "佐藤", "password": password})
    assert answer.headers["location"].startswith("/account")
    assert role_of(own, "佐藤") == "manager"


@pytest.mark.parametrize("name", ["", "a b", "<script>", "admin"])
def test_a_name_that_cannot_be_is_refused_in_words(own: Furnished, name: str) -> None:
    answer = send(signed_in(own), "/users", name=name, role="operator")
    assert answer.status_code == 409
    assert "できません" in answer.text or "すでに" in answer.text


def test_a_role_is_made_renamed_limited_and_given(own: Furnished) -> None:
    boss = signed_in(own)
    send(boss, "/users/roles/new", name="相談員", rights=["search", "listen"], lines=["03-1234-5679"])
    with own.ledger() as ledger:
        made = next(role for role in Roles(ledger, own.clock().now).all().values() if role.name == "相談員")
    assert made.rights == {Right.SEARCH, Right.LISTEN, Right.OWN_ACCOUNT}
    assert made.lines == ("03-1234-5679",)
    send(boss, f"/users/roles/{made.id}", name="相談", rights=["search"])
    assert "相談" in boss.get("/users").text
    send(boss, "/users", name="ito", role="operator")
    send(boss, "/users/people/ito", do="role", role=made.id)
    assert role_of(own, "ito") == made.id


def test_an_account_is_closed_opened_and_its_sessions_end(own: Furnished) -> None:
    boss = signed_in(own)
    password = re.findall(r'class="secret">([^<]+)<', send(boss, "/users", name="ito", role="manager").text)[0]
    with own.ledger() as ledger:
        ito = browser(own.box, own.clock(), Accounts(ledger, own.clock().now, 12).sign_in("ito", password, "-"))
    assert ito.get("/calls").status_code == 200
    send(boss, "/users/people/ito", do="end")
    assert ito.get("/calls").status_code == 303
    send(boss, "/users/people/ito", do="close")
    assert "停止中" in boss.get("/users").text
    send(boss, "/users/people/ito", do="open")
    assert "停止中" not in boss.get("/users").text


def test_nobody_climbs_above_themselves(own: Furnished) -> None:
    keeper = as_role(own, Right.USERS, Right.SEARCH)
    assert send(keeper, "/users/people/keeper", do="role", role="administrator").status_code == 409
    assert send(keeper, "/users", name="puppet", role="administrator").status_code == 409
    assert send(keeper, "/users/people/admin", do="password").status_code == 409, "the boss's account is not theirs to take"
    assert send(keeper, "/users/people/admin", do="close").status_code == 409
    assert send(keeper, "/users/roles/new", name="more", rights=["search", "listen"]).status_code == 409
    assert send(keeper, "/users/roles/manager", name="m", rights=["search"]).status_code == 409
    assert send(keeper, "/users", name="puppet", role=role_of(own, "keeper")).status_code == 200


def test_the_last_administrator_cannot_lock_everybody_out(own: Furnished) -> None:
    boss = signed_in(own)
    answer = send(boss, "/users/people/admin", do="close")
    assert answer.status_code == 409
    assert "最後の管理者" in answer.text
    assert send(boss, "/users/people/admin", do="role", role="operator").status_code == 409


def test_a_form_that_is_not_ours_changes_nothing(own: Furnished) -> None:
    boss = signed_in(own)
    for path in ("/users", "/users/people/admin", "/users/roles/operator", "/account/second-factor", "/account/sessions"):
        assert boss.post(path, data={"csrf": "x", "name": "y", "do": "close"}).status_code == 403


def test_what_is_not_there_is_404(own: Furnished) -> None:
    boss = signed_in(own)
    assert boss.get("/users/people/nobody").status_code == 404
    assert boss.get("/users/roles/nobody").status_code == 404
    assert send(boss, "/users/roles/nobody", name="x").status_code == 404


def test_who_may_not_is_told_which_right_it_takes(own: Furnished) -> None:
    clerk = as_role(own, Right.SEARCH)
    answer = clerk.get("/users")
    assert answer.status_code == 403
    assert "アカウントとロール" in answer.text
    page = clerk.get("/calls").text
    assert 'href="/users"' not in page
    assert 'href="/live"' not in page
