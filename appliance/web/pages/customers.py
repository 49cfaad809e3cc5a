"""The customer book: searched, changed, merged, taken away as a file; one entry with its calls."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from appliance import doorbell
from appliance.customers import sheets
from appliance.customers.book import PAGE
from appliance.customers.entry import Customer
from appliance.customers.imports import HEAD, exported
from appliance.ids import is_id
from appliance.lookup import get_call
from appliance.popups import desk
from appliance.popups.cards import other_party
from appliance.records import CallLinked, Exported
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of

router = APIRouter()
Keeper = Annotated[Session, Depends(allowed(Right.CUSTOMERS))]
Exporter = Annotated[Session, Depends(allowed(Right.EXPORT))]
Csrf = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=1000)]


@router.get("/customers")
def listing(request: Request, session: Keeper, q: str = "", label: str = "", which: str = "", page: int = 1) -> Response:
    """Entries, by kana, with search."""
    console = console_of(request)
    page = max(1, min(page, 1_000_000))
    found = console.book.search(q[:200], label=label[:40], which=which, skip=(page - 1) * PAGE, limit=PAGE + 1)
    chosen = {name: value for name, value in {"q": q[:200], "label": label[:40], "which": which}.items() if value}
    return console.page(
        request, "customers.html", session, customers=found[:PAGE], given={"q": q, "label": label, "which": which},
        labels=console.book.labels(), page=page, more=len(found) > PAGE, query=urlencode(chosen), searching=bool(chosen),
        count=console.book.count(),
    )  # fmt: skip


@router.get("/customers/export")
def export(request: Request, session: Exporter) -> Response:
    """The whole book as CSV."""
    console = console_of(request)
    console.ledger.append(Exported(at=console.clock.now(), recording="customers", who=session.account, what="customers csv"))
    pieces = (piece.encode("utf-8", "replace") for piece in sheets.write(HEAD, list(exported(console.book))))
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/customers/duplicates")
def duplicates(request: Request, session: Keeper) -> Response:
    """Entries that are probably the same."""
    console = console_of(request)
    return console.page(request, "duplicates.html", session, groups=console.book.duplicates())


@router.post("/customers/merge")
def merge(request: Request, session: Keeper, ids: Annotated[list[str] | None, Form()] = None, csrf: Csrf = "") -> Response:
    """Make one of several."""
    check_form(session, csrf)
    chosen = ids or [""]
    kept = console_of(request).book.merge(chosen[0], chosen[1:50], session.account)
    return RedirectResponse(f"/customers/{kept.id}", 303)


@router.get("/customers/{customer}")
def one(request: Request, session: Keeper, customer: str, number: str = "", name: str = "", call: str = "") -> Response:
    """One entry with its calls, or an empty one."""
    console = console_of(request)
    found = console.book.get(customer)
    if found is None and customer != "new":
        raise HTTPException(404)
    shown = found or Customer(name=name[:200], numbers=(number[:40],) if number else ())
    return console.page(
        request, "customer.html", session, customer=shown, call=call if is_id(call) else "", contacts=_contacts(console, session, shown),
        labels=console.book.labels(),
    )  # fmt: skip


@router.post("/customers/{customer}")
def save(
    request: Request,
    session: Keeper,
    customer: str,
    name: Text = "",
    kana: Text = "",
    company: Text = "",
    code: Text = "",
    memo: Annotated[str, Form(max_length=20_000)] = "",
    numbers: Annotated[str, Form(max_length=2000)] = "",
    labels: Text = "",
    important: Text = "",
    blocked: Text = "",
    call: Text = "",
    do: Text = "save",
    csrf: Csrf = "",
) -> Response:
    """Keep what the form says, or take the entry away."""
    check_form(session, csrf)
    console = console_of(request)
    if customer != "new" and console.book.get(customer) is None:
        raise HTTPException(404)
    if do == "remove":
        console.book.remove(customer, session.account)
        return RedirectResponse("/customers", 303)
    entry = Customer(
        id="" if customer == "new" else customer, name=name, kana=kana, company=company, code=code, memo=memo,
        important=bool(important), blocked=bool(blocked), numbers=tuple(numbers.splitlines()),
        labels=tuple(labels.replace("、", ",").split(",")),
    )  # fmt: skip
    kept = console.book.save(entry, session.account)
    found = get_call(console.ledger.connection, call) if is_id(call) else None
    if found is not None and console.sees(session, found):
        console.ledger.append(CallLinked(at=console.clock.now(), call=found.id, customer=kept.id, who=session.account))
        doorbell.ring(console.box.folders.run)
        return RedirectResponse(
            "/live" if session.may("popup") and other_party(found)[0] in kept.numbers else f"/customers/{kept.id}", 303
        )
    return RedirectResponse(f"/customers/{kept.id}", 303)


def _contacts(console: Console, session: Session, customer: Customer) -> list[desk.Contact]:
    """The last calls with any of their numbers, the latest first, as far as one may see them."""
    scope = console.scope(session)
    mine, lines = scope.clause() if scope else ("1", ())
    far = console.clock.now() + desk.DAY
    found = [
        contact
        for number in customer.numbers
        for contact in desk.contacts(console.ledger.connection, number, far, 20, mine, *lines)
    ]
    unique = {contact.call.id: contact for contact in found}
    return sorted(unique.values(), key=lambda contact: -contact.call.started_at)[:20]
