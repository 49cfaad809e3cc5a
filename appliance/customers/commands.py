"""The customer book on the command line: `appliance customers find|import|undo|export|erase`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.customers import sheets
from appliance.customers.book import Book
from appliance.customers.imports import HEAD, Imports, exported
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.library.keeping import person

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance customers …`."""
    parser = commands.add_parser("customers", help="the customer book: find, import, undo, export, erase")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    find = actions.add_parser("find", parents=[common], help="find entries by any part of name, kana, company or number")
    find.add_argument("words", nargs="*", metavar="WORD", help="all of them stand somewhere in the entry")
    find.set_defaults(run=run_find)
    taking = actions.add_parser("import", parents=[common], help="take a CSV file in (UTF-8 or CP932)")
    taking.add_argument("file", type=Path, metavar="FILE", help="a table with headings")
    taking.add_argument(
        "--columns", default="", metavar="C,C", help=f"what each column is, of {', '.join(sheets.FIELDS)}; - for none"
    )
    taking.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
    taking.set_defaults(run=run_import)
    undo = actions.add_parser("undo", parents=[common], help="put everybody back as they were before an import")
    undo.add_argument("batch", metavar="IMPORT", help="the import's id, which it printed")
    undo.set_defaults(run=run_undo)
    export = actions.add_parser("export", parents=[common], help="print the whole book as CSV")
    export.set_defaults(run=run_export)
    gone = actions.add_parser("erase", parents=[common], help="let a number be nobody's; who has no other goes with it")
    gone.add_argument("--number", required=True, metavar="N", help="the number")
    gone.set_defaults(run=run_erase)


def run_find(arguments: argparse.Namespace) -> int:
    """One line an entry."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        for entry in _book(box, ledger).search(" ".join(arguments.words), limit=1000):
            marks = [word for word, holds in (("important", entry.important), ("blocked", entry.blocked)) if holds]
            print(
                "\t".join(
                    (entry.id, entry.name, entry.kana, entry.company, " ".join(entry.numbers), " ".join((*entry.labels, *marks)))
                )
            )
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Take the file in, or say what would happen. Exit code 4 where rows could not be taken."""
    box = Box.of(arguments)
    try:
        sheet = sheets.read(arguments.file.read_bytes())
    except OSError as error:
        raise UsageError(f"{arguments.file}: cannot be read ({error.strerror})") from error
    columns = (
        [word.strip().replace("-", "") for word in arguments.columns.split(",")] if arguments.columns else sheets.guess(sheet.head)
    )
    if unknown := [word for word in columns if word and word not in sheets.FIELDS]:
        raise UsageError(f"--columns {unknown[0]}: is not one of {', '.join(sheets.FIELDS)}")
    with Ledger.open(box.folders.ledger) as ledger:
        imports = Imports(ledger, _book(box, ledger), SystemClock().now)
        if arguments.dry_run:
            batch, outcome = "", imports.dry_run(sheet, columns)
        else:
            batch, outcome = imports.take(sheet, columns, person(), arguments.file.name)
    print(f"{sheet.encoding}: " + ", ".join(f"{head} = {column or '-'}" for head, column in zip(sheet.head, columns, strict=False)))
    print(
        f"{outcome.made} made, {outcome.changed} changed, {outcome.same} as before"
        + (" (nothing was written)" if not batch else "")
    )
    for line, what in outcome.problems:
        print(f"row {line}: {what}")
    if batch:
        print(f"`appliance customers undo {batch}` puts everybody back")
    if outcome.problems:
        raise CouldNotError(f"{len(outcome.problems)} rows were not taken; the others were")
    return 0


def run_undo(arguments: argparse.Namespace) -> int:
    """Undo an import."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        undone, left = Imports(ledger, _book(box, ledger), SystemClock().now).undo(arguments.batch, person())
    print(f"{undone} entries are as before; {left} were changed since and stay")
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Print the book."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        for piece in sheets.write(HEAD, exported(_book(box, ledger))):
            sys.stdout.write(piece)
    return 0


def run_erase(arguments: argparse.Namespace) -> int:
    """Erase a number from the book."""
    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        count = _book(box, ledger).erase_number(box.config.number(arguments.number).national, person())
    print(f"{count} entries had this number")
    return 0


def _book(box: Box, ledger: Ledger) -> Book:
    return Book(ledger, SystemClock().now, box.config.number)
