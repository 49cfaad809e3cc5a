"""A token is told once, kept as a hash, limited, listed and ended; making and ending it are facts."""

from __future__ import annotations

import pytest

from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.web.accounts import Accounts
from appliance.web.rights import Right, Role, rights_from
from appliance.web.tokens import BEGINNING, LONGEST_DAYS, MOST, RestingError, Tokens
from tests.fakes.clock import FakeClock

READER = Role(id="", rights=rights_from(["search", "download"]), lines=("03-1234-5678",))


@pytest.fixture
def tokens(ledger: Ledger, clock: FakeClock) -> Tokens:
    return Tokens(ledger, clock.now)


def test_a_token_is_told_once_and_kept_as_a_hash(tokens: Tokens, ledger: Ledger) -> None:
    secret = tokens.make("crm", READER, 30, "admin")
    assert secret.startswith(BEGINNING)
    assert len(secret) >= len(BEGINNING) + 43, "256 bits"
    assert secret != tokens.make("other", READER, 30, "admin")
    kept = b"".join(repr(tuple(row)).encode() for row in ledger.connection.execute("SELECT * FROM token"))
    assert secret.encode() not in kept
    assert secret not in "\n".join(str(tuple(row)) for row in ledger.connection.execute("SELECT body FROM record"))


def test_it_opens_what_it_names_until_its_end(tokens: Tokens, clock: FakeClock) -> None:
    secret = tokens.make("crm", READER, 2, "admin")
    session = tokens.session(secret, "10.0.0.9")
    assert session is not None
    assert (session.account, session.role.rights, session.role.lines) == ("token:crm", READER.rights, READER.lines)
    clock.forward(2 * 24 * 3600)
    assert tokens.session(secret, "10.0.0.9") is None
    assert tokens.session("", "10.0.0.9") is None
    assert tokens.session("\ud800", "10.0.0.9") is None


def test_the_list_says_when_and_from_where_it_was_last_used(tokens: Tokens, clock: FakeClock) -> None:
    secret = tokens.make("crm", READER, 2, "admin")
    assert tokens.all()[0].used_at is None
    tokens.session(secret, "10.0.0.9")
    first = clock.now()
    clock.forward(10)
    tokens.session(secret, "10.0.0.9")
    assert (tokens.all()[0].used_at, tokens.all()[0].used_from) == (first, "10.0.0.9"), "once a minute is enough for the disk"
    tokens.session(secret, "10.0.0.10")
    assert (tokens.all()[0].used_at, tokens.all()[0].used_from) == (clock.now(), "10.0.0.10")


def test_an_ended_token_opens_nothing_and_both_are_in_the_register(tokens: Tokens, ledger: Ledger) -> None:
    secret = tokens.make("crm", READER, 2, "admin")
    tokens.make("other", READER, 2, "admin")
    assert tokens.end(tokens.all()[0].id, "sato")
    assert not tokens.end("crm", "sato")
    assert tokens.session(secret, "-") is None
    assert [one.name for one in tokens.all()] == ["other"]
    told = [row.record for row in ledger.since(0, (Changed,))]
    assert [(one.thing, one.what, one.who) for one in told if isinstance(one, Changed)] == [
        ("token crm", "made", "admin"), ("token other", "made", "admin"), ("token crm", "removed", "sato"),
    ]  # fmt: skip
    assert isinstance(told[0], Changed)
    assert told[0].why == "download search on 03-1234-5678, 2 days"


@pytest.mark.parametrize("name", ["", "a b", "<b>", "token:x", "x" * 61])
def test_a_name_that_cannot_be_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(SaidError, match="cannot be a token's name"):
        tokens.make(name, READER, 2, "admin")


@pytest.mark.parametrize("days", [0, -1, LONGEST_DAYS + 1])
def test_a_token_has_an_end(tokens: Tokens, days: int) -> None:
    with pytest.raises(SaidError, match="lasts from 1"):
        tokens.make("crm", READER, days, "admin")


def test_a_token_may_do_something_has_a_name_of_its_own_and_there_are_not_too_many(tokens: Tokens, ledger: Ledger) -> None:
    with pytest.raises(SaidError, match="what the token may do"):
        tokens.make("crm", Role(id="", rights=rights_from([])), 2, "admin")
    with pytest.raises(SaidError, match="what the token may do"):
        tokens.make("crm", Role(id="", rights=rights_from(["search", "users"])), 2, "admin")
    tokens.make("crm", READER, 2, "admin")
    with pytest.raises(SaidError, match="another token"):
        tokens.make("crm", READER, 2, "admin")
    row = "INSERT INTO token (hash, name, rights, lines, line_groups, made_by, made_at, ends_at) VALUES (?,?,'[]','[]','[]','',0,0)"
    ledger.connection.executemany(row, [(bytes([place]), f"n{place}") for place in range(MOST)])
    with pytest.raises(SaidError, match="end some first"):
        tokens.make("onemore", READER, 2, "admin")


def test_it_rests_while_its_maker_may_not_do_that(tokens: Tokens, ledger: Ledger, clock: FakeClock) -> None:
    Accounts(ledger, clock.now, 12).one_time_password("sato", "operator")
    fits = tokens.make("fits", Role(id="", rights=rights_from(["search"])), 2, "sato", "sato")
    beyond = tokens.make("beyond", Role(id="", rights=frozenset({Right.HEALTH, Right.OWN_ACCOUNT})), 2, "sato", "sato")
    orphan = tokens.make("orphan", READER, 2, "gone", "gone")
    assert tokens.session(fits, "-") is not None
    for secret in (beyond, orphan):
        with pytest.raises(RestingError):
            tokens.session(secret, "-")
