"""An import is looked at first, taken in, known again and undone, and what was changed since stays."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.customers import sheets
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.customers.imports import HEAD, KEPT, Imports, exported
from appliance.errors import SaidError
from appliance.ledger import Ledger
from tests.fakes.clock import FakeClock

COLUMNS = ["code", "name", "kana", "number", "number", "label", "important"]


@pytest.fixture
def book(box: Box, ledger: Ledger, clock: FakeClock) -> Book:
    return Book(ledger, clock.now, box.config.number)


@pytest.fixture
def imports(book: Book, ledger: Ledger, clock: FakeClock) -> Imports:
    return Imports(ledger, book, clock.now)


def table(*rows: str) -> sheets.Sheet:
    return sheets.Sheet("utf-8", COLUMNS, [row.split(",") for row in rows])


ROWS = ("1,佐藤,サトウ,090-1111-2222,03-1111-2222,得意先,1", "2,鈴木,スズキ,06-6123-4567,,,", ",,ナマエナシ,,,,", ",,,0120-1,,,")


def test_a_dry_run_says_what_would_happen_and_writes_nothing(imports: Imports, book: Book, ledger: Ledger) -> None:
    before = ledger.last_row()
    outcome = imports.dry_run(table(*ROWS), COLUMNS)
    assert (outcome.made, outcome.changed, outcome.same, [line for line, _ in outcome.problems]) == (3, 0, 0, [5])
    assert outcome.shown[0].customer.numbers == ("09011112222", "0311112222")
    assert outcome.shown[0].customer.important
    assert book.count() == 0
    assert ledger.last_row() == before


def test_the_same_table_again_changes_nothing(imports: Imports, book: Book) -> None:
    imports.take(table(*ROWS), COLUMNS, "boss", "a.csv")
    outcome = imports.dry_run(table(*ROWS[:2]), COLUMNS)
    assert (outcome.made, outcome.changed, outcome.same) == (0, 0, 2)
    assert book.count() == 3


def test_an_entry_is_known_by_its_code_else_by_number_and_name(imports: Imports, book: Book) -> None:
    book.save(Customer(name="佐藤", numbers=("09011112222",), memo="古いメモ"), "test")
    book.save(Customer(name="佐藤の妻", numbers=("09011112222",)), "test")
    imports.take(table("1,佐藤,サトウ,090-1111-2222,,,"), COLUMNS, "boss", "")
    found = book.search("さとう")[0]
    assert (found.code, found.memo, book.count()) == ("1", "古いメモ", 2)
    imports.take(table("1,佐藤 改,,,,,"), COLUMNS, "boss", "")
    assert book.get(found.id) is not None
    assert (book.count(), book.search("改")[0].kana) == (2, "サトウ"), "an empty cell takes nothing away"


def test_rows_of_one_file_that_are_the_same_customer_become_one(imports: Imports, book: Book) -> None:
    imports.take(table("1,佐藤,,090-1111-2222,,,", "1,佐藤,,03-1111-2222,,,"), COLUMNS, "boss", "")
    assert [one.numbers for one in book.search()] == [("09011112222", "0311112222")]


def test_an_undo_puts_everybody_back_but_who_was_changed_since(imports: Imports, book: Book, clock: FakeClock) -> None:
    old = book.save(Customer(name="鈴木", code="2", memo="前から"), "test")
    clock.forward(1)
    batch, _ = imports.take(table(*ROWS), COLUMNS, "boss", "a.csv")
    assert [one.id for one in imports.batches()] == [batch]
    sato = book.search("佐藤")[0]
    clock.forward(1)
    book.save(Customer(id=sato.id, name="佐藤様"), "test")
    assert imports.undo(batch, "boss") == (2, 1)
    assert {one.name for one in book.search()} == {"鈴木", "佐藤様"}
    back = book.get(old.id)
    assert back is not None
    assert (back.memo, back.numbers) == ("前から", ())
    assert imports.batches() == []
    assert imports.undo(batch, "boss") == (0, 0)


def test_only_the_last_imports_can_be_undone(imports: Imports, clock: FakeClock) -> None:
    for place in range(KEPT + 3):
        clock.forward(1)
        imports.take(table(f"{place},名前{place},,,,,"), COLUMNS, "boss", "")
    assert len(imports.batches()) <= KEPT + 1


def test_without_a_column_that_names_anybody_nothing_is_taken(imports: Imports) -> None:
    with pytest.raises(SaidError):
        imports.dry_run(table(*ROWS), ["", "number"])


def test_an_erased_number_does_not_come_back_by_an_undo(imports: Imports, book: Book, ledger: Ledger) -> None:
    batch, _ = imports.take(table(*ROWS), COLUMNS, "boss", "")
    imports.take(table("1,佐藤,,,,新しい,"), COLUMNS, "boss", "")
    book.erase_number("09011112222", "boss")
    book.erase_number("0311112222", "boss")
    imports.undo(batch, "boss")
    bodies = "".join(str(row[0]) for row in ledger.connection.execute("SELECT before FROM import_change"))
    assert "09011112222" not in bodies
    assert book.behind("09011112222") == []


def test_what_is_exported_is_imported_again(imports: Imports, book: Book) -> None:
    made = book.save(
        Customer(name="=危険", kana="キケン", company="@x", code="7", memo="a\nb", blocked=True, labels=("a", "b"),
                 numbers=("09011112222", "0311112222", "0661234567", "0120123456")),
        "test",
    )  # fmt: skip
    text = "".join(sheets.write(HEAD, list(exported(book))))
    sheet = sheets.read(text.encode())
    assert imports.dry_run(sheet, sheets.guess(sheet.head)).same == 1
    book.remove(made.id, "test")
    imports.take(sheet, sheets.guess(sheet.head), "boss", "")
    back = book.search()[0]
    assert (back.name, back.company, back.numbers, back.labels, back.memo, back.blocked) == (
        made.name, made.company, made.numbers, made.labels, made.memo, True,
    )  # fmt: skip
