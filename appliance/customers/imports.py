"""Customers from a table: mapped, looked at first (a dry run that writes nothing), taken in small transactions, and undone.

A row is an entry that is known by its code, else by a number and the same name; any other is new. A cell that is empty takes nothing away.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

from appliance.customers import sheets
from appliance.customers.book import Book, erase, write
from appliance.customers.entry import Customer
from appliance.customers.names import fold
from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.records import Changed
from appliance.words import N_

BATCH = 500
"""Rows in one transaction: whoever records meanwhile never waits long."""
SHOWN = 10
KEPT = 5
"""So many imports can be undone."""


class Row(NamedTuple):
    """One row and what would become of it."""

    line: int
    customer: Customer
    known: str
    """The id of the entry that it changes, "" where it is new."""
    problem: str


@dataclass(slots=True)
class Outcome:
    """What an import does, or did."""

    made: int = 0
    changed: int = 0
    same: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Line and sentence."""
    shown: list[Row] = field(default_factory=list)


class Batch(NamedTuple):
    """An import that was done and may be undone."""

    id: str
    at: int
    who: str
    file: str
    made: int
    changed: int


class Imports:
    """Imports into a book."""

    def __init__(self, ledger: Ledger, book: Book, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._book = book
        self._now = now

    def dry_run(self, sheet: sheets.Sheet, columns: Sequence[str]) -> Outcome:
        """What would happen; nothing is written. Raises SaidError where no column names anybody."""
        outcome = Outcome()
        for row in self._rows(sheet, columns):
            _count(outcome, row, self._book)
        return outcome

    def take(self, sheet: sheets.Sheet, columns: Sequence[str], who: str, file: str) -> tuple[str, Outcome]:
        """Take the rows in; returns the id by which it is undone. Raises SaidError."""
        batch, outcome = secrets.token_hex(6), Outcome()
        rows = list(self._rows(sheet, columns))
        with self._ledger.transaction() as connection:
            connection.execute(
                "INSERT INTO import_batch (id, at, who, file, made, changed) VALUES (?,?,?,?,0,0)",
                (batch, self._now(), who, file[:200]),
            )
            connection.execute(
                "DELETE FROM import_change WHERE batch NOT IN (SELECT id FROM import_batch ORDER BY at DESC, id LIMIT ?)", (KEPT,)
            )
        for begin in range(0, len(rows), BATCH):
            self._take_some(batch, rows[begin : begin + BATCH], outcome)
        said = Changed(
            at=self._now(),
            thing=f"customers import {batch}",
            who=who,
            what=f"{outcome.made} made, {outcome.changed} changed",
            why="",
        )
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE import_batch SET made = ?, changed = ? WHERE id = ?", (outcome.made, outcome.changed, batch))
            append(connection, [said])
        return batch, outcome

    def batches(self) -> list[Batch]:
        """What can be undone, the newest first."""
        rows = self._ledger.connection.execute(
            "SELECT id, at, who, file, made, changed FROM import_batch WHERE id IN (SELECT batch FROM import_change) "
            "ORDER BY at DESC LIMIT ?",
            (KEPT,),
        )
        return [Batch(*row) for row in rows]

    def undo(self, batch: str, who: str) -> tuple[int, int]:
        """Put every entry back as it was; who was changed since stays as they are. Returns how many of each."""
        changes = self._ledger.connection.execute(
            "SELECT customer, before, after_at FROM import_change WHERE batch = ?", (batch,)
        ).fetchall()
        undone = left = 0
        for begin in range(0, len(changes), BATCH):
            with self._ledger.transaction() as connection:
                for change in changes[begin : begin + BATCH]:
                    present = self._book.get(change["customer"])
                    if present is None or present.updated_at != change["after_at"]:
                        left += 1
                    elif change["before"] is None:
                        erase(connection, change["customer"])
                        undone += 1
                    else:
                        write(connection, _from_json(change["before"]), self._now())
                        undone += 1
                    connection.execute("DELETE FROM import_change WHERE batch = ? AND customer = ?", (batch, change["customer"]))
        self._ledger.append(
            Changed(at=self._now(), thing=f"customers import {batch}", who=who, what=f"undone: {undone}, left: {left}", why="")
        )
        return undone, left

    def _take_some(self, batch: str, rows: list[Row], outcome: Outcome) -> None:
        with self._ledger.transaction() as connection:
            now = self._now()
            for row in rows:
                known = self._known(row.customer) if not row.problem else None  # an earlier row of the file may have made it
                kept = _count(outcome, row._replace(known=known.id if known else ""), self._book)
                if kept is None:
                    continue
                written = write(connection, kept, now)
                before = json.dumps(asdict(known)) if known else None
                connection.execute(
                    "INSERT INTO import_change (batch, customer, before, after_at) VALUES (?,?,?,?) "
                    "ON CONFLICT (batch, customer) DO UPDATE SET after_at = excluded.after_at",
                    (batch, written.id, before, now),
                )

    def _rows(self, sheet: sheets.Sheet, columns: Sequence[str]) -> Iterator[Row]:
        chosen = [column if column in sheets.FIELDS else "" for column in columns]
        if not {"name", "company", "kana", "code"} & set(chosen):
            raise SaidError(N_("Say which column holds the name or the company."))
        for place, cells in enumerate(sheet.rows):
            entry = _entry(cells, chosen)
            try:
                customer = self._book.tidied(entry)
            except SaidError as error:
                yield Row(place + 2, entry, "", error.text.message)
                continue
            known = self._known(customer)
            yield Row(place + 2, customer, known.id if known else "", "")

    def _known(self, customer: Customer) -> Customer | None:
        if customer.code:
            row = self._ledger.connection.execute("SELECT id FROM customer WHERE code = ?", (customer.code,)).fetchone()
            if row is not None:
                return self._book.get(row["id"])
        for number in customer.numbers:
            for entry in self._book.behind(number):
                same = fold(entry.name) == fold(customer.name) and not (entry.code and customer.code)
                if same and (not entry.company or not customer.company or fold(entry.company) == fold(customer.company)):
                    return entry
        return None


def _count(outcome: Outcome, row: Row, book: Book) -> Customer | None:
    """Count the row; the entry as it is to be kept, None where nothing is to be done."""
    if row.problem:
        outcome.problems.append((row.line, row.problem))
        return None
    old = book.get(row.known) if row.known else None
    kept = _over(old, row.customer) if old else row.customer
    if len(outcome.shown) < SHOWN:
        outcome.shown.append(row._replace(customer=kept))
    if old is None:
        outcome.made += 1
    elif kept == old:
        outcome.same += 1
        return None
    else:
        outcome.changed += 1
    return kept


def _over(old: Customer, new: Customer) -> Customer:
    """The old entry with what the row says; what it leaves out stays."""
    said = {name: value for name in ("name", "kana", "company", "memo", "code") if (value := getattr(new, name))}
    return replace(
        old, **said, important=old.important or new.important, blocked=old.blocked or new.blocked,
        labels=tuple(dict.fromkeys((*old.labels, *new.labels))), numbers=tuple(dict.fromkeys((*old.numbers, *new.numbers))),
    )  # fmt: skip


def _entry(cells: Sequence[str], columns: Sequence[str]) -> Customer:
    said: dict[str, list[str]] = {}
    for cell, column in zip(cells, columns, strict=False):
        if cell and column:
            said.setdefault(column, []).append(cell)

    def one(name: str) -> str:
        return " ".join(said.get(name, ()))

    labels = [word for cell in said.get("label", ()) for word in re.split(r"[,、;]", cell)]
    numbers = [number for cell in said.get("number", ()) for number in re.split(r"[/,、;\n]", cell)]
    return Customer(
        name=one("name"), kana=one("kana"), company=one("company"), memo=one("memo"), code=one("code"),
        numbers=tuple(numbers), labels=tuple(labels),
        important=any(map(sheets.is_yes, said.get("important", ()))), blocked=any(map(sheets.is_yes, said.get("blocked", ()))),
    )  # fmt: skip


def _from_json(text: str) -> Customer:
    values = json.loads(text)
    return Customer(**{**values, "labels": tuple(values["labels"]), "numbers": tuple(values["numbers"])})


HEAD = ("顧客番号", "名前", "フリガナ", "会社名", "電話番号1", "電話番号2", "電話番号3", "ラベル", "重要", "着信拒否", "メモ")
"""The headings of an export, by which an import knows the columns again."""


def exported(book: Book) -> Iterator[Sequence[str]]:
    """Every entry as a row below HEAD; further numbers stand behind the third, divided by slashes."""
    for entry in book.all():
        numbers = [*entry.numbers[:2], " / ".join(entry.numbers[2:])]
        numbers += [""] * (3 - len(numbers))
        yield (
            entry.code, entry.name, entry.kana, entry.company, *numbers, ",".join(entry.labels), "1" if entry.important else "",
            "1" if entry.blocked else "", entry.memo,
        )  # fmt: skip
