"""Customers from a table: upload, say which column is what, look at what would happen, take them in, undo.

The file is held in memory between the steps, is its uploader's alone, and is forgotten after a quarter of an hour.
"""

from __future__ import annotations

import secrets
import threading
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from appliance.customers import sheets
from appliance.customers.imports import Imports
from appliance.errors import SaidError
from appliance.moments import SECOND
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Keeper = Annotated[Session, Depends(allowed(Right.CUSTOMERS))]
Csrf = Annotated[str, Form(max_length=100)]
HELD_S = 900
MOST_HELD = 4


class Held(NamedTuple):
    """A file between two steps."""

    at: int
    who: str
    file: str
    sheet: sheets.Sheet


class Holder:
    """The files that people are looking at."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()

    def put(self, held: Held) -> str:
        """Hold this file; the oldest goes where there are too many. Returns the word by which it is found again."""
        word = secrets.token_urlsafe(12)
        with self._lock:
            self._held = {key: value for key, value in self._held.items() if held.at - value.at < HELD_S * SECOND}
            while len(self._held) >= MOST_HELD:
                self._held.pop(next(iter(self._held)))
            self._held[word] = held
        return word

    def get(self, word: str, who: str) -> Held:
        """Their file. Raises SaidError where it is gone."""
        with self._lock:
            found = self._held.get(word)
        if found is None or found.who != who:
            raise SaidError(N_("The file is no longer held; choose it again."))
        return found

    def forget(self, word: str) -> None:
        """It is done with."""
        with self._lock:
            self._held.pop(word, None)


HOLDER = Holder()


@router.get("/customers/import")
def form(request: Request, session: Keeper) -> Response:
    """Choose a file; what was imported before can be undone."""
    console = console_of(request)
    return console.page(
        request, "import.html", session, batches=_imports(console).batches(), undone=request.query_params.get("undone", "")
    )


@router.post("/customers/import")
def upload(request: Request, session: Keeper, table: Annotated[UploadFile, File()], csrf: Csrf = "") -> Response:
    """Read the file and guess its columns."""
    check_form(session, csrf)
    console = console_of(request)
    sheet = sheets.read(table.file.read(sheets.MOST_BYTES + 1))
    word = HOLDER.put(Held(console.clock.now(), session.account, table.filename or "", sheet))
    return _preview(request, session, word, sheets.guess(sheet.head))


@router.post("/customers/import/{word}")
def step(
    request: Request,
    session: Keeper,
    word: str,
    columns: Annotated[list[str] | None, Form()] = None,
    do: Annotated[str, Form(max_length=10)] = "look",
    csrf: Csrf = "",
) -> Response:
    """Look again with other columns, or take the rows in."""
    check_form(session, csrf)
    console = console_of(request)
    if do != "take":
        return _preview(request, session, word, columns or [])
    held = HOLDER.get(word, session.account)
    _, outcome = _imports(console).take(held.sheet, columns or [], session.account, held.file)
    HOLDER.forget(word)
    return console.page(request, "imported.html", session, outcome=outcome)


@router.post("/customers/import/{batch}/undo")
def undo(request: Request, session: Keeper, batch: str, csrf: Csrf = "") -> Response:
    """Put everybody back."""
    check_form(session, csrf)
    undone, left = _imports(console_of(request)).undo(batch, session.account)
    return RedirectResponse(f"/customers/import?undone={undone}.{left}", 303)


def _preview(request: Request, session: Session, word: str, columns: list[str]) -> Response:
    console = console_of(request)
    held = HOLDER.get(word, session.account)
    try:
        outcome, trouble = _imports(console).dry_run(held.sheet, columns), ""
    except SaidError as error:
        outcome, trouble = None, console.said(request, error)
    return console.page(
        request, "import_preview.html", session, word=word, sheet=held.sheet, file=held.file, columns=columns, fields=sheets.FIELDS,
        outcome=outcome, trouble=trouble,
    )  # fmt: skip


def _imports(console: Console) -> Imports:
    return Imports(console.ledger, console.book, console.clock.now)
