"""Accounts are given roles, closed and opened; sessions are listed and ended; one administrator always stays."""

from __future__ import annotations

import pytest

from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.web.accounts import Accounts, WrongPasswordError
from appliance.web.people import People, is_name
from appliance.web.rights import Right
from tests.fakes.clock import FakeClock


@pytest.fixture
def accounts(ledger: Ledger, clock: FakeClock) -> Accounts:
    return Accounts(ledger, clock.now, 12)


@pytest.fixture
def people(ledger: Ledger, clock: FakeClock) -> People:
    return People(ledger, clock.now)


def test_the_first_account_is_the_administrators_and_another_is_an_operators(accounts: Accounts, people: People) -> None:
    accounts.one_time_password("admin")
    accounts.one_time_password("sato")
    assert {person.name: person.role.id for person in people.all()} == {"admin": "administrator", "sato": "operator"}


def test_a_new_password_leaves_the_role_as_it_is(accounts: Accounts, people: People) -> None:
    accounts.one_time_password("admin")
    accounts.one_time_password("sato", "manager")
    accounts.one_time_password("sato")
    found = people.get("sato")
    assert found is not None
    assert found.role.id == "manager"


def test_a_role_counts_from_the_next_request_on(accounts: Accounts, people: People) -> None:
    accounts.one_time_password("admin")
    token = accounts.sign_in("sato", accounts.one_time_password("sato", "manager"), "-")
    before = accounts.session(token)
    people.give_role("sato", "technician", "admin")
    after = accounts.session(token)
    assert before is not None and after is not None
    assert (before.may("listen"), after.may("listen"), after.may("health")) == (True, False, True)
    with pytest.raises(SaidError):
        people.give_role("sato", "emperor", "admin")


def test_a_closed_account_opens_nothing_until_it_is_opened_again(accounts: Accounts, people: People) -> None:
    accounts.one_time_password("admin")
    password = accounts.one_time_password("sato")
    token = accounts.sign_in("sato", password, "-")
    session = accounts.session(token)
    assert session is not None
    accounts.choose_password(session, token, "", "a lasting password")
    people.close("sato", "admin")
    assert accounts.session(token) is None
    with pytest.raises(WrongPasswordError):
        accounts.sign_in("sato", "a lasting password", "-")
    people.open("sato", "admin")
    assert accounts.session(token) is None, "its sessions have ended"
    assert accounts.sign_in("sato", "a lasting password", "elsewhere")


def test_the_last_open_administrator_stays_one(accounts: Accounts, people: People) -> None:
    accounts.one_time_password("admin")
    accounts.one_time_password("second", "administrator")
    people.close("second", "admin")
    with pytest.raises(SaidError, match="last open account"):
        people.close("admin", "admin")
    with pytest.raises(SaidError, match="last open account"):
        people.give_role("admin", "operator", "admin")
    people.open("second", "admin")
    people.give_role("admin", "operator", "second")
    with pytest.raises(SaidError, match="last open account"):
        people.close("second", "second")


def test_sessions_are_listed_without_their_tokens_and_ended_one_by_one(accounts: Accounts, people: People, ledger: Ledger) -> None:
    accounts.one_time_password("admin")
    password = accounts.one_time_password("sato")
    token = accounts.sign_in("sato", password, "192.168.0.9", "Firefox")
    session = accounts.session(token)
    assert session is not None
    accounts.choose_password(session, token, "", "a lasting password")
    other = accounts.sign_in("sato", "a lasting password", "192.168.0.10", "Edge")
    visits = people.sessions("sato")
    assert {visit.agent for visit in visits} == {"Firefox", "Edge"}
    assert not {token, other} & {visit.id for visit in visits}
    edge = next(visit.id for visit in visits if visit.agent == "Edge")
    assert people.end("admin", edge, "admin") == 0, "it is not that account's"
    assert people.end("sato", edge, "admin") == 1
    assert accounts.session(other) is None
    assert accounts.session(token) is not None
    assert people.end("sato", "", "admin") == 1
    assert accounts.session(token) is None


@pytest.mark.parametrize("name", ["sato", "佐藤", "sato@example.jp", "a.b-c_d+e"])
def test_names_of_accounts(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "a/b", "<b>", "a\n", "x" * 61, "\u202eevil"])
def test_names_that_no_account_may_have(name: str) -> None:
    assert not is_name(name)


def test_what_a_role_may_is_what_its_session_may(accounts: Accounts) -> None:
    token = accounts.sign_in("admin", accounts.one_time_password("admin"), "-")
    session = accounts.session(token)
    assert session is not None
    assert all(session.may(right) for right in Right)
