"""An answer is kept for its time and no longer, that nobody is known is kept too, and all of it goes when the number is erased."""

from __future__ import annotations

from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.popups import answers
from appliance.popups.known import Answer, Found
from appliance.records import CallErased
from tests.fakes import facts
from tests.fakes.clock import START

NUMBER = "0312345678"
LATER = START + 60 * SECOND


def keep(ledger: Ledger, source: str, found: Found | None, number: str = NUMBER) -> None:
    with ledger.transaction() as connection:
        answers.keep(connection, number, source, found, START, LATER)


def test_it_is_known_until_its_time_is_over(ledger: Ledger) -> None:
    keep(ledger, "crm", Found("高橋"))
    keep(ledger, "other", None)
    assert answers.of(ledger.connection, NUMBER, START) == [Answer("crm", Found("高橋"))]
    assert all(answers.is_fresh(ledger.connection, NUMBER, source, START) for source in ("crm", "other"))
    assert answers.of(ledger.connection, NUMBER, LATER) == answers.of(ledger.connection, "", START) == []
    assert not answers.is_fresh(ledger.connection, NUMBER, "crm", LATER)
    assert not answers.is_fresh(ledger.connection, NUMBER, "third", START)


def test_what_is_too_old_leaves_the_database_with_the_next(ledger: Ledger) -> None:
    keep(ledger, "crm", Found("高橋"))
    with ledger.transaction() as connection:
        answers.keep(connection, "09011112222", "crm", Found("佐藤"), LATER, LATER + SECOND)
    assert ledger.connection.execute("SELECT count(*) FROM answer").fetchone()[0] == 1


def test_it_goes_with_an_erased_call_and_on_demand(ledger: Ledger) -> None:
    ledger.append(facts.ringing())
    keep(ledger, "crm", Found("高橋"))
    keep(ledger, "crm", Found("佐藤"), "09011112222")
    ledger.append(CallErased(at=START, call=facts.CALL, who="x", why="y", line_too=False))
    assert answers.of(ledger.connection, NUMBER, START) == []
    with ledger.transaction() as connection:
        answers.forget(connection, "09011112222")
    assert ledger.connection.execute("SELECT count(*) FROM answer").fetchone()[0] == 0
