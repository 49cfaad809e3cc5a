"""The customer book by the API: searched, read, written."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from appliance.customers import entry
from appliance.moments import to_datetime
from appliance.web.accounts import Session
from appliance.web.api.gate import bearer
from appliance.web.api.models import CUSTOMER, Customer, Customers, NewCustomer
from appliance.web.api.problems import ProblemError, documented
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import console_of

router = APIRouter()
Keeper = Annotated[Session, Depends(bearer(Right.CUSTOMERS))]
CustomerId = Annotated[str, Path(pattern=CUSTOMER, description="The entry's id.")]


@router.get("/customers", responses=documented())
def listing(
    request: Request,
    session: Keeper,
    q: Annotated[str, Query(max_length=200, description="Words: part of a name, kana, company, number, label or code.")] = "",
    label: Annotated[str, Query(max_length=40)] = "",
    which: Literal["important", "blocked"] | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Customers:
    """Entries, by kana."""
    console = console_of(request)
    found = console.book.search(q, label=label, which=which or "", skip=(page - 1) * limit, limit=limit + 1)
    return Customers(customers=[_told(console, one) for one in found[:limit]], next=page + 1 if len(found) > limit else None)


@router.post("/customers", status_code=201, responses=documented(409, 413))
def make(request: Request, session: Keeper, given: NewCustomer) -> Customer:
    """A new entry."""
    console = console_of(request)
    return _told(console, console.book.save(_entry(given, ""), session.account))


@router.get("/customers/{customer}", responses=documented(404))
def one(request: Request, session: Keeper, customer: CustomerId) -> Customer:
    """One entry."""
    console = console_of(request)
    return _told(console, _found(console, customer))


@router.put("/customers/{customer}", responses=documented(404, 409, 413))
def change(request: Request, session: Keeper, customer: CustomerId, given: NewCustomer) -> Customer:
    """Keep the entry as it is given; what is left out becomes empty."""
    console = console_of(request)
    return _told(console, console.book.save(_entry(given, _found(console, customer).id), session.account))


@router.delete("/customers/{customer}", status_code=204, responses=documented(404))
def remove(request: Request, session: Keeper, customer: CustomerId) -> None:
    """Take the entry away."""
    console = console_of(request)
    console.book.remove(_found(console, customer).id, session.account)


def _found(console: Console, customer: str) -> entry.Customer:
    found = console.book.get(customer)
    if found is None:
        raise ProblemError(404, "there is no such customer")
    return found


def _entry(given: NewCustomer, customer: str) -> entry.Customer:
    values = given.model_dump()
    return entry.Customer(id=customer, **{**values, "labels": tuple(given.labels), "numbers": tuple(given.numbers)})


def _told(console: Console, found: entry.Customer) -> Customer:
    return Customer(
        id=found.id, name=found.name, kana=found.kana, company=found.company, code=found.code, memo=found.memo, important=found.important,
        blocked=found.blocked, labels=list(found.labels), numbers=list(found.numbers),
        updated_at=to_datetime(found.updated_at, console.box.config.site.zone),
    )  # fmt: skip
