"""`hold`, `release`, `label` and `erase`: a plan first, a question, nothing personal in what stays, and a hold wins."""

from __future__ import annotations

import io

import pytest

from appliance.cli import main
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.library.keeping import person
from appliance.lookup import labels
from appliance.records import ErasureAsked, RecordingHeld
from tests.appliance.furnished import Furnished
from tests.fakes import facts


class Ran:
    """What a command said and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], at: Furnished, *words: str) -> None:
        self.code = main([*words, "--data", str(at.box.folders.data)])
        self.out, self.err = capsys.readouterr()


def asked(at: Furnished) -> set[str]:
    with at.ledger() as ledger:
        names = {call: sample for sample, call in at.calls.items()}
        return {names[row.record.subject] for row in ledger.since(0, (ErasureAsked,))}


def test_a_hold_and_its_release_are_entered_with_who_and_why(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    name = own.recording("inbound").facts.recording
    assert "1 recordings are held now" in Ran(capsys, own, "hold", name, "--why", "case 7").out
    assert own.recording("inbound").held
    assert "0 recordings are held now, 1 were already" in Ran(capsys, own, "hold", own.calls["inbound"], "--why", "case 7").out
    assert Ran(capsys, own, "release", name, "--why", "closed").code == 0 and not own.recording("inbound").held
    with own.ledger() as ledger:
        rows = [row.record for row in ledger.of(name) if isinstance(row.record, RecordingHeld)]
    assert [(row.held, row.why, row.who) for row in rows] == [(True, "case 7", person()), (False, "closed", person())]


def test_a_label_is_put_on_and_taken_off(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    name = own.recording("inbound").facts.recording
    assert Ran(capsys, own, "label", name, "--put", "カスハラ").code == 0
    with own.ledger() as ledger:
        assert labels(ledger.connection) == {name: {"カスハラ"}}
    assert Ran(capsys, own, "label", name, "--take", "カスハラ").code == 0
    with own.ledger() as ledger:
        assert labels(ledger.connection) == {}
    assert Ran(capsys, own, "label", name, "--put", "a b").code == 2


def test_the_plan_is_printed_and_nothing_goes_without_the_word(
    own: Furnished, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ("", "yes\n", "no\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        ran = Ran(capsys, own, "erase", own.calls["inbound"])
        assert (
            ran.code == 0
            and "To be erased: 1 calls, 1 recordings" in ran.out
            and "消去するもの: 通話 1 件、録音 1 件" in ran.out
            and "nothing was erased" in ran.out
        )
        assert own.calls["inbound"] in ran.out and asked(own) == set()
    monkeypatch.setattr("sys.stdin", io.StringIO("erase\n"))
    assert "1 calls are being erased" in Ran(capsys, own, "erase", own.calls["inbound"]).out
    assert asked(own) == {"inbound"}


@pytest.mark.parametrize("number", ["090-1234-5678", "０９０１２３４５６７８", "+81 90 1234 5678", "184-090-1234-5678"])
def test_a_number_means_every_call_from_or_to_it_however_it_is_written(
    own: Furnished, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    assert Ran(capsys, own, "erase", "--number", number, "--yes").code == 0
    assert "inbound" in asked(own) and all("09012345678" in (own.call(name).caller, own.call(name).called) for name in asked(own))


def test_a_part_of_a_number_erases_nothing(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, own, "erase", "--number", "0901234567", "--yes")
    assert "there is nothing to erase" in ran.out and asked(own) == set()


def test_the_contract_means_everything_and_another_one_is_refused(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, own, "erase", "--contract", "C-99", "--yes")
    assert ran.code == 2 and "this box serves" in ran.err and asked(own) == set()
    assert Ran(capsys, own, "erase", "--contract", own.box.config.site.contract, "--yes").code == 0
    assert asked(own) == set(own.calls)


def test_what_is_held_or_not_settled_is_not_erased_and_said(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    Ran(capsys, own, "hold", own.calls["inbound"], "--why", "case 7")
    with own.ledger() as ledger:
        ledger.append(facts.ringing(call="a" * 16))
    ran = Ran(capsys, own, "erase", own.calls["inbound"], "a" * 16, own.calls["outbound"], "--yes")
    assert ran.code == 4 and "1 calls are held and 1 not settled" in ran.err
    assert "held for a case" in ran.out and "not settled yet" in ran.out and asked(own) == {"outbound"}


@pytest.mark.parametrize("why", ["call of 090-1234-5678", "０９０１２３４５６７８", "for 佐藤", " "])
def test_a_reason_that_would_outlive_what_goes_is_refused(own: Furnished, capsys: pytest.CaptureFixture[str], why: str) -> None:
    words = ["--why", why] if why.strip() else ["--why", "  x  ".strip() and " "]
    ran = Ran(capsys, own, "erase", own.calls["internal"], own.calls["inbound"], "--yes", *words)
    assert ran.code == 2 and "--why" in ran.err and asked(own) == set()


@pytest.mark.parametrize("words", [[], ["x", "--number", "1"], ["--number", "1", "--contract", "c"], ["zzz"], ["--number", ""]])
def test_what_is_used_wrongly_is_one_sentence(own: Furnished, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    ran = Ran(capsys, own, "erase", *words, "--yes")
    assert ran.code == 2 and ran.err.count("\n") == 1 and asked(own) == set()


def test_a_number_that_is_erased_leaves_the_customer_book_too(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    number = own.call("inbound").caller
    with own.ledger() as ledger:
        book = Book(ledger, own.clock().now, own.box.config.number)
        book.save(Customer(name="高橋", numbers=(number,)), "test")
        other = book.save(Customer(name="母", numbers=(number, "0661234567")), "test")
    assert main(["erase", "--number", number, "--yes", "--data", str(own.box.folders.data)]) == 0
    assert "this number of 2 entries" in capsys.readouterr().out
    with own.ledger() as ledger:
        left = list(Book(ledger, own.clock().now, own.box.config.number).all())
    assert [(entry.id, entry.numbers) for entry in left] == [(other.id, ("0661234567",))]
