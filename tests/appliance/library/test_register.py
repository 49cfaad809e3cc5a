"""Where the site demands it nobody hears or copies without somebody else's word, for a while; and the register forgets nothing."""

from __future__ import annotations

import pytest

from appliance.config import Config
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.library import register
from appliance.moments import SECOND
from appliance.records import Changed, Listened
from appliance.register_settings import Register
from tests.fakes.clock import START

STRICT = Config(register_of_access=Register(approve_listening=True, approve_copies=True, granted_hours=2))
HOUR = 3600 * SECOND


def ask(ledger: Ledger, who: str = "sato", what: str = register.LISTEN) -> str:
    register.ask(ledger, "r", who, what, "問い合わせの確認", START)
    return register.requests_of(ledger, "r")[-1].asked.request


def may(ledger: Ledger, who: str = "sato", what: str = register.LISTEN, at: int = START) -> bool:
    try:
        register.check(ledger, STRICT, "r", who, what, at)
    except register.NotApprovedError:
        return False
    return True


def test_a_site_that_demands_nothing_lets_everybody_who_has_the_right(ledger: Ledger) -> None:
    register.check(ledger, Config(), "r", "sato", register.LISTEN, START)


def test_what_somebody_else_allowed_holds_for_a_while_and_for_them_alone(ledger: Ledger) -> None:
    assert not may(ledger)
    request = ask(ledger)
    assert not may(ledger)
    assert register.standing(ledger, "r", "sato", register.LISTEN, START) == "asked"
    register.decide(ledger, STRICT, "r", request, "boss", START, granted=True)
    assert may(ledger)
    assert not may(ledger, "ito")
    assert not may(ledger, what=register.COPY), "to hear is not to copy"
    assert may(ledger, at=START + 2 * HOUR - 1)
    assert not may(ledger, at=START + 2 * HOUR)


def test_whoever_may_copy_may_hear(ledger: Ledger) -> None:
    register.decide(ledger, STRICT, "r", ask(ledger, what=register.COPY), "boss", START, granted=True)
    assert may(ledger, what=register.COPY)
    assert may(ledger)


def test_nobody_allows_their_own_request_and_none_is_decided_twice(ledger: Ledger) -> None:
    request = ask(ledger)
    with pytest.raises(SaidError, match="their own"):
        register.decide(ledger, STRICT, "r", request, "sato", START, granted=True)
    register.decide(ledger, STRICT, "r", request, "boss", START, granted=False)
    assert not may(ledger)
    with pytest.raises(SaidError, match="decided already"):
        register.decide(ledger, STRICT, "r", request, "ito", START, granted=True)
    with pytest.raises(SaidError):
        register.decide(ledger, STRICT, "r", "nothing", "boss", START, granted=True)


def test_a_request_has_a_reason_and_an_aim(ledger: Ledger) -> None:
    for what, why in ((register.LISTEN, " "), ("erase", "why not")):
        with pytest.raises(SaidError):
            register.ask(ledger, "r", "sato", what, why, START)


def test_what_waits_is_what_nobody_decided(ledger: Ledger) -> None:
    first, second = ask(ledger), ask(ledger, "ito")
    assert [asked.request for asked in register.waiting(ledger.connection)] == [first, second]
    register.decide(ledger, STRICT, "r", first, "boss", START, granted=False)
    assert [asked.request for asked in register.waiting(ledger.connection)] == [second]


def test_the_register_is_read_by_person_kind_and_time_newest_first(ledger: Ledger) -> None:
    ledger.append(
        Listened(at=START, recording="r", who="sato", where="console"), Changed(at=START + 1, thing="x", who="ito", what="y", why=""),
        Listened(at=START + 2, recording="r", who="ito", where="console"),
    )  # fmt: skip
    read = register.entries
    assert [entry.record.at - START for entry in read(ledger.connection)] == [2, 1, 0]
    assert [entry.record.at - START for entry in read(ledger.connection, who="ito")] == [2, 1]
    assert [entry.record.at - START for entry in read(ledger.connection, kind="Listened")] == [2, 0]
    assert [entry.record.at - START for entry in read(ledger.connection, begin=START + 1, end=START + 2)] == [1]
    newest = next(iter(read(ledger.connection)))
    assert [entry.record.at - START for entry in read(ledger.connection, before=newest.row)] == [1, 0]
    assert list(read(ledger.connection, who="' OR 1")) == []
    assert register.people(ledger.connection) == ["ito", "sato"]
