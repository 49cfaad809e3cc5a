"""The customer book finds by any part, knows several people on a number and several numbers of a person, and lets go without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.records import Changed
from tests.fakes.clock import FakeClock


@pytest.fixture
def book(box: Box, ledger: Ledger, clock: FakeClock) -> Book:
    return Book(ledger, clock.now, box.config.number)


def add(
    book: Book, name: str, *numbers: str, kana: str = "", company: str = "", code: str = "", labels: tuple[str, ...] = ()
) -> Customer:
    return book.save(Customer(name=name, numbers=numbers, kana=kana, company=company, code=code, labels=labels), "test")


def test_any_part_of_anything_finds_an_entry(book: Book) -> None:
    made = add(
        book, "佐藤 太郎", "090-1234-5678", kana="サトウ タロウ", company="さくら商事（株）", code="A-17", labels=("得意先",)
    )
    add(book, "鈴木", "06-6123-4567")
    for typed in ("佐藤", "太郎", "藤太", "さとう", "ﾀﾛｳ", "さくら", "1234-5678", "０９０", "a-17", "得意", "佐藤 090", "(株)"):
        assert book.search(typed) == [made], typed
    assert book.search("佐藤 06") == []
    assert len(book.search("")) == 2
    assert book.search("%") == book.search("_") == [], "what stands for anything elsewhere stands for itself here"


def test_entries_are_listed_by_kana_in_pages(book: Book) -> None:
    for name, kana in (("渡辺", "ワタナベ"), ("青木", "あおき"), ("伊藤", "イトウ")):
        add(book, name, kana=kana)
    assert [one.name for one in book.search()] == ["青木", "伊藤", "渡辺"]
    assert [one.name for one in book.search(skip=1, limit=1)] == ["伊藤"]


def test_labels_and_marks_choose(book: Book) -> None:
    gold = add(book, "金", labels=("金", "得意先"))
    bad = book.save(Customer(name="迷惑", blocked=True), "test")
    assert book.search(label="金") == [gold]
    assert book.search(label="得") == [], "a label is whole or none"
    assert book.search(which="blocked") == [bad]
    assert book.labels() == ["得意先", "金"]


def test_everybody_on_a_number_is_found_the_important_first(book: Book) -> None:
    add(book, "父", "03-1111-2222")
    mother = book.save(Customer(name="母", numbers=("0311112222", "090-1111-2222"), important=True), "test")
    assert [one.name for one in book.behind("0311112222")] == ["母", "父"]
    assert book.behind("09011112222") == [mother]
    assert book.behind("") == []


def test_numbers_are_kept_as_they_are_dialled_once_each(book: Book) -> None:
    assert add(book, "a", "+81 90-1111-2222", "０９０１１１１２２２２", "内線 12").numbers == ("09011112222", "内線 12")


def test_hostile_text_is_kept_as_text(book: Book) -> None:
    made = add(book, "<script>alert(1)</script>\u202e\0", "=cmd|' /C calc'!A0", company="a\nb")
    assert made.name == "<script>alert(1)</script>"
    assert made.company == "a b"
    assert book.get(made.id) == made


def test_an_entry_needs_a_name(book: Book) -> None:
    with pytest.raises(SaidError):
        add(book, " \u200b ", "090-1111-2222")


def test_merging_fills_gaps_and_loses_nobodys_number(book: Book) -> None:
    first = add(book, "佐藤", "090-1111-2222", labels=("a",))
    second = book.save(Customer(name="佐藤太郎", company="さくら", numbers=("0311112222",), blocked=True, memo="b"), "test")
    kept = book.merge(first.id, [second.id, second.id, "nobody"], "boss")
    assert (kept.name, kept.company, kept.numbers) == ("佐藤", "さくら", ("09011112222", "0311112222"))
    assert kept.blocked
    assert book.get(second.id) is None
    assert book.behind("0311112222") == [kept]
    with pytest.raises(SaidError):
        book.merge(first.id, [first.id], "boss")


def test_duplicates_share_a_number_and_a_name(book: Book) -> None:
    add(book, "佐藤", "090-1111-2222")
    add(book, "佐藤", "090-1111-2222", company="x")
    add(book, "母", "090-1111-2222")
    assert [[one.name for one in group] for group in book.duplicates()] == [["佐藤", "佐藤"]]


def test_a_number_is_erased_and_who_has_no_other_with_it(book: Book, box: Box, ledger: Ledger) -> None:
    add(book, "消えた人", "090-9999-8888")
    stays = add(book, "残る人", "090-9999-8888", "03-1111-2222")
    assert book.erase_number("09099998888", "boss") == 2
    assert [one.numbers for one in book.search()] == [("0311112222",)]
    assert book.get(stays.id) is not None
    while not ledger.forget():
        continue
    held = Path(box.folders.ledger).read_bytes()
    assert "消えた人".encode() not in held
    assert b"9099998888" not in held


def test_the_ledger_learns_who_changed_an_entry_and_nothing_of_it(book: Book, ledger: Ledger) -> None:
    made = add(book, "佐藤", "090-1111-2222")
    book.remove(made.id, "boss")
    said = [row.record for row in ledger.of(f"customer {made.id}")]
    assert [(one.who, one.what) for one in said if isinstance(one, Changed)] == [("test", "made"), ("boss", "removed")]
    bodies = "".join(str(row[0]) for row in ledger.connection.execute("SELECT body FROM record"))
    assert "09011112222" not in bodies
