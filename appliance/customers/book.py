"""The customer book in the box's database: people and companies, several numbers each, several people on one number.

A table of its own and no records: what is in it is personal data that changes, and goes without a trace when it has to. The ledger only
learns that an entry was changed and by whom, never what it says.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from appliance.customers.entry import Customer
from appliance.customers.names import fold, needles, tidy
from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.numbers import Number
from appliance.records import Changed
from appliance.words import N_

LONGEST, LONGEST_MEMO = 200, 4000
MOST_NUMBERS = 20
PAGE = 50
_COLUMNS = "id, name, kana, company, memo, code, important, blocked, labels, numbers, updated_at"


class Book:
    """The customer book of a box. `number` reads a telephone number as the site means it (`Config.number`)."""

    def __init__(self, ledger: Ledger, now: Callable[[], int], number: Callable[[str], Number]) -> None:
        self._ledger = ledger
        self._now = now
        self._number = number

    @property
    def connection(self) -> sqlite3.Connection:
        """The database."""
        return self._ledger.connection

    def get(self, customer: str) -> Customer | None:
        """This entry."""
        row = self.connection.execute(f"SELECT {_COLUMNS} FROM customer WHERE id = ?", (customer,)).fetchone()  # noqa: S608
        return None if row is None else _read(row)

    def behind(self, number: str) -> list[Customer]:
        """Everybody who has this number (in its national form), the important ones first."""
        if not number:
            return []
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM customer WHERE id IN (SELECT customer FROM customer_number WHERE number = ?) "  # noqa: S608
            "ORDER BY important DESC, blocked DESC, updated_at DESC, id LIMIT 10",
            (number,),
        )
        return [_read(row) for row in rows]

    def search(self, typed: str = "", *, label: str = "", which: str = "", skip: int = 0, limit: int = PAGE) -> list[Customer]:
        """Entries in which every word stands somewhere: name, kana, company, number, label or code; by kana."""
        clauses, values = ["1"], list[str | int]()
        for word in needles(typed):
            clauses.append("instr(folded, ?) > 0")
            values.append(word)
        if label:
            clauses.append("instr(labels, ?) > 0")
            values.append(json.dumps(label, ensure_ascii=False))
        if which in ("important", "blocked"):
            clauses.append(f"{which} = 1")
        where = " AND ".join(clauses)
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM customer WHERE {where} ORDER BY sort_key, id LIMIT ? OFFSET ?",  # noqa: S608 - ours
            (*values, limit, skip),
        )
        return [_read(row) for row in rows]

    def count(self) -> int:
        """How many entries there are."""
        return int(self.connection.execute("SELECT count(*) FROM customer").fetchone()[0])

    def all(self) -> Iterator[Customer]:
        """Every entry, by kana."""
        for row in self.connection.execute(f"SELECT {_COLUMNS} FROM customer ORDER BY sort_key, id"):  # noqa: S608
            yield _read(row)

    def labels(self) -> list[str]:
        """Every label that an entry bears."""
        rows = self.connection.execute("SELECT DISTINCT labels FROM customer WHERE labels != '[]'")
        return sorted({label for row in rows for label in json.loads(row["labels"])})

    def tidied(self, customer: Customer) -> Customer:
        """The entry as it would be kept. Raises SaidError where there is nothing in it."""
        numbers = [self._number(text).national for text in customer.numbers if tidy(text, LONGEST)]
        numbers = [tidy(text, 40) for text in dict.fromkeys(numbers)]
        made = replace(
            customer, name=tidy(customer.name, LONGEST), kana=tidy(customer.kana, LONGEST), company=tidy(customer.company, LONGEST),
            memo=_lines(customer.memo), code=tidy(customer.code, LONGEST), numbers=tuple(text for text in numbers if text)[:MOST_NUMBERS],
            labels=tuple(dict.fromkeys(filter(None, (tidy(label, 40) for label in customer.labels))))[:MOST_NUMBERS],
        )  # fmt: skip
        if not (made.name or made.company or made.kana or made.code):
            raise SaidError(N_("Give the customer a name or a company."))
        return made

    def save(self, customer: Customer, who: str) -> Customer:
        """Keep a new entry (without an id) or a changed one. Raises SaidError."""
        made = self.tidied(customer)
        with self._ledger.transaction() as connection:
            kept = write(connection, made, self._now())
            append(connection, [self._changed(kept.id, who, "changed" if customer.id else "made")])
        return kept

    def remove(self, customer: str, who: str) -> None:
        """Take an entry away, and what an undo of an import would bring back of it."""
        with self._ledger.transaction() as connection:
            erase(connection, customer)
            append(connection, [self._changed(customer, who, "removed")])

    def merge(self, keep: str, others: Iterable[str], who: str) -> Customer:
        """Make one entry of several: what the first leaves empty comes from the next. Raises SaidError."""
        found = [self.get(customer) for customer in dict.fromkeys((keep, *others))]
        entries = [entry for entry in found if entry is not None]
        if len(entries) < 2 or entries[0].id != keep:
            raise SaidError(N_("Choose two entries or more that are the same customer."))
        made = self.tidied(_joined(entries))
        with self._ledger.transaction() as connection:
            for entry in entries[1:]:
                erase(connection, entry.id)
                append(connection, [self._changed(entry.id, who, f"merged into {keep}")])
            kept = write(connection, made, self._now())
            append(connection, [self._changed(keep, who, "merged")])
        return kept

    def duplicates(self, limit: int = 50) -> list[list[Customer]]:
        """Entries that share a number and a name, or a name and a company, in groups."""
        rows = self.connection.execute(
            """SELECT group_concat(customer.id, ' ') AS ids FROM customer JOIN customer_number ON customer = customer.id
               GROUP BY number, sort_key HAVING count(*) > 1 LIMIT ?""",
            (limit,),
        )
        groups = [[self.get(customer) for customer in row["ids"].split()] for row in rows]
        unique = {tuple(sorted(entry.id for entry in group if entry)): [entry for entry in group if entry] for group in groups}
        return list(unique.values())

    def erase_number(self, number: str, who: str) -> int:
        """Let this number be nobody's: who has no other goes with it. Returns how many entries were touched."""
        touched = self.behind(number)
        with self._ledger.transaction() as connection:
            for entry in touched:
                rest = tuple(text for text in entry.numbers if text != number)
                if rest:
                    forget_undo(connection, entry.id)
                    write(connection, replace(entry, numbers=rest), self._now())
                else:
                    erase(connection, entry.id)
                append(connection, [self._changed(entry.id, who, "number erased")])
        return len(touched)

    def _changed(self, customer: str, who: str, what: str) -> Changed:
        return Changed(at=self._now(), thing=f"customer {customer}", who=who, what=what, why="")


def write(connection: sqlite3.Connection, customer: Customer, now: int) -> Customer:
    """Put a tidied entry into the tables, inside an open transaction."""
    made = replace(customer, id=customer.id or secrets.token_hex(8), updated_at=now)
    words = (made.name, made.kana, made.company, made.code, *made.labels, *made.numbers)
    connection.execute(
        "INSERT OR REPLACE INTO customer (id, name, kana, company, memo, code, important, blocked, labels, numbers, updated_at, folded, "
        "sort_key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            made.id, made.name, made.kana, made.company, made.memo, made.code, made.important, made.blocked,
            json.dumps(made.labels, ensure_ascii=False), json.dumps(made.numbers), now, "\n".join(map(fold, words)),
            fold(made.kana or made.name or made.company)[:60],
        ),
    )  # fmt: skip
    connection.execute("DELETE FROM customer_number WHERE customer = ?", (made.id,))
    connection.executemany(
        "INSERT OR IGNORE INTO customer_number (number, customer) VALUES (?,?)", [(number, made.id) for number in made.numbers]
    )
    return made


def erase(connection: sqlite3.Connection, customer: str) -> None:
    """Take an entry out of every table, inside an open transaction."""
    connection.execute("DELETE FROM customer WHERE id = ?", (customer,))
    connection.execute("DELETE FROM customer_number WHERE customer = ?", (customer,))
    forget_undo(connection, customer)


def forget_undo(connection: sqlite3.Connection, customer: str) -> None:
    """Forget how this entry was before an import."""
    connection.execute("DELETE FROM import_change WHERE customer = ?", (customer,))


def _lines(text: str) -> str:
    """A memo: its lines stay."""
    return "\n".join(tidy(line, LONGEST_MEMO) for line in text.splitlines())[:LONGEST_MEMO].strip()


def _joined(entries: Sequence[Customer]) -> Customer:
    def first(name: str) -> str:
        return next((value for entry in entries if (value := str(getattr(entry, name)))), "")

    return replace(
        entries[0], name=first("name"), kana=first("kana"), company=first("company"), code=first("code"),
        memo="\n".join(dict.fromkeys(entry.memo for entry in entries if entry.memo)),
        important=any(entry.important for entry in entries), blocked=any(entry.blocked for entry in entries),
        labels=tuple(dict.fromkeys(label for entry in entries for label in entry.labels)),
        numbers=tuple(dict.fromkeys(number for entry in entries for number in entry.numbers)),
    )  # fmt: skip


def _read(row: sqlite3.Row) -> Customer:
    return Customer(
        id=row["id"], name=row["name"], kana=row["kana"], company=row["company"], memo=row["memo"], code=row["code"],
        important=bool(row["important"]), blocked=bool(row["blocked"]), labels=tuple(json.loads(row["labels"])),
        numbers=tuple(json.loads(row["numbers"])), updated_at=row["updated_at"],
    )  # fmt: skip
