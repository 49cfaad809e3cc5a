"""A plan says what would go and what stays, in both languages, and the reason never holds what goes."""

from __future__ import annotations

import pytest

from appliance import erasure
from appliance.clock import SystemClock
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.errors import SaidError, UsageError
from appliance.library.planning import Wanted, carry_out, number_of, plan_of, reason, sentences
from appliance.popups import answers
from appliance.popups.known import Found
from appliance.web import i18n
from tests.appliance.furnished import Furnished

NUMBER = "090-1234-5678"


def test_what_is_held_stays_and_is_said_in_both_languages(own: Furnished) -> None:
    with own.ledger() as ledger:
        assert erasure.hold(ledger, [own.recording("inbound")], "boss", "case 7", own.now, held=True) == 1
        plan = plan_of(own.box, ledger, Wanted(number=NUMBER))
        told = list(sentences(own.box, plan, Wanted(number=NUMBER), 2))
    assert own.calls["inbound"] in [call.id for call in plan.held]
    assert own.calls["inbound"] not in [order.call.id for order in plan.orders]
    japanese = "\n".join(text.translated(i18n.catalogue("ja").gettext) for text in told)
    assert "Not erased: 1 calls are held for a case" in "\n".join(map(str, told))
    assert "消去しないもの: 通話 1 件は保全中です" in japanese and "顧客台帳: この番号を 2 件から" in japanese


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(ids=("a",), number=NUMBER), Wanted(contract="other")])
def test_what_is_meant_is_said_in_just_one_way(own: Furnished, wanted: Wanted) -> None:
    with own.ledger() as ledger, pytest.raises(UsageError):
        plan_of(own.box, ledger, wanted)


def test_the_number_leaves_the_book_and_what_other_systems_said(own: Furnished) -> None:
    wanted, now = Wanted(number=NUMBER), SystemClock().now()
    with own.ledger() as ledger:
        book = Book(ledger, lambda: now, own.box.config.number)
        book.save(Customer(name="佐藤", numbers=(NUMBER,)), "x")
        with ledger.transaction() as connection:
            answers.keep(connection, "09012345678", "crm", Found("佐藤"), now, now + 10**12)
        plan = plan_of(own.box, ledger, wanted)
        assert carry_out(own.box, ledger, plan, wanted, "boss", "case 8", now) == len(plan.orders) > 0
        assert not book.behind(number_of(own.box, wanted)) and not answers.of(ledger.connection, "09012345678", now)
    assert number_of(own.box, Wanted(number=NUMBER, keep_calls=True)) == ""


def test_a_reason_that_holds_a_number_is_refused() -> None:
    assert reason(" case 7 ") == "case 7"
    for bad in ("", "  ", "for 090-1234-5678", "０９０１２３４５６７８"):
        with pytest.raises(SaidError):
            reason(bad)
