"""Accounts and roles: who may do what, on which lines; one-time passwords; sessions listed and ended."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from appliance.errors import SaidError
from appliance.web.accounts import NEWCOMER, Session
from appliance.web.console import Console
from appliance.web.passkeys import Passkeys
from appliance.web.people import Person, is_name
from appliance.web.rights import ADMINISTRATOR, BUILT_IN, Right, Role, rights_from
from appliance.web.security import allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Keeper = Annotated[Session, Depends(allowed(Right.USERS))]
Csrf = Annotated[str, Form(max_length=100)]
Word = Annotated[str, Form(max_length=200)]


@router.get("/users")
def listing(request: Request, session: Keeper) -> Response:
    """Every account and every role."""
    console = console_of(request)
    return console.page(
        request, "users.html", session, people=console.people.all(), roles=console.roles.all(), newcomer=NEWCOMER,
        given=[role.id for role in console.roles.all().values() if session.role.may_give(role)],
    )  # fmt: skip


@router.post("/users")
def add(request: Request, session: Keeper, name: Word = "", role: Word = "", csrf: Csrf = "") -> Response:
    """A new account; its one-time password is shown once."""
    check_form(session, csrf)
    console = console_of(request)
    name = name.strip()
    if not is_name(name):
        raise SaidError(N_("%(name)s cannot be an account's name; use letters, digits and . @ + - _, at most 60."), name=name)
    if console.people.get(name) is not None:
        raise SaidError(N_("%(name)s: there is an account of this name already."), name=name)
    _check_gift(console, session, role)
    password = console.accounts.one_time_password(name, role, session.account)
    return _person_page(request, session, name, password)


@router.get("/users/people/{name}")
def person(request: Request, session: Keeper, name: str) -> Response:
    """One account with its sessions."""
    return _person_page(request, session, name)


@router.post("/users/people/{name}")
def change(
    request: Request, session: Keeper, name: str, do: Word = "", role: Word = "", visit: Word = "", csrf: Csrf = ""
) -> Response:
    """Give a role or a one-time password, close or open the account, end sessions, forget the second factor or the passkeys."""
    check_form(session, csrf)
    console = console_of(request)
    found = _person(console, name)
    if not session.role.may_give(found.role):
        raise SaidError(N_("This account has rights that you do not have; ask somebody who has them."))
    if do == "role":
        _check_gift(console, session, role)
        console.people.give_role(name, role, session.account)
    elif do == "password":
        return _person_page(request, session, name, console.accounts.one_time_password(name, who=session.account))
    elif do == "close":
        console.people.close(name, session.account)
    elif do == "open":
        console.people.open(name, session.account)
    elif do == "end":
        console.people.end(name, visit, session.account)
    elif do == "forget":
        console.accounts.set_totp(name, "", "", session.account)
    elif do == "passkeys":
        Passkeys(console.ledger, console.clock.now).remove(name, "", session.account)
    return RedirectResponse(f"/users/people/{quote(name, safe='')}", 303)


@router.get("/users/roles/{role}")
def role_page(request: Request, session: Keeper, role: str) -> Response:
    """One role: its name, its rights, its lines."""
    console = console_of(request)
    found = console.roles.all().get(role)
    if found is None and role != "new":
        raise HTTPException(404)
    shown = found or Role(id="new", rights=rights_from(()))
    config = console.box.config
    return console.page(
        request, "role.html", session, role=shown, lines=config.lines, groups=sorted({line.group for line in config.lines if line.group}),
        rights=[right for right in Right if right is not Right.OWN_ACCOUNT], built_in=role in BUILT_IN, master=ADMINISTRATOR,
        editable=session.role.may_give(shown),
    )  # fmt: skip


@router.post("/users/roles/{role}")
def save_role(
    request: Request,
    session: Keeper,
    role: str,
    name: Word = "",
    rights: Annotated[list[str] | None, Form()] = None,
    lines: Annotated[list[str] | None, Form()] = None,
    groups: Annotated[list[str] | None, Form()] = None,
    do: Word = "save",
    csrf: Csrf = "",
) -> Response:
    """Save it, or take it away."""
    check_form(session, csrf)
    console = console_of(request)
    found = console.roles.all().get(role)
    if found is None and role != "new":
        raise HTTPException(404)
    if do == "remove":
        _check_gift(console, session, role)
        console.roles.remove(role, session.account)
        return RedirectResponse("/users", 303)
    allowed_rights = found.rights if found and found.id == ADMINISTRATOR else rights_from(rights or ())
    made = Role(id=role, name=name.strip(), rights=allowed_rights, lines=tuple(lines or ()), groups=tuple(groups or ()))
    if not session.role.may_give(made) or (found is not None and not session.role.may_give(found)):
        raise SaidError(N_("A role can be given only rights and lines that you have yourself."))
    if found is None:
        added = console.roles.add(made.name, made.rights, session.account)
        made = Role(id=added.id, name=added.name, rights=added.rights, lines=made.lines, groups=made.groups)
    console.roles.save(made, session.account)
    return RedirectResponse("/users", 303)


def _check_gift(console: Console, session: Session, role: str) -> None:
    found = console.roles.all().get(role)
    if found is None:
        raise SaidError(N_("%(role)s: there is no such role; choose one of the list."), role=role)
    if not session.role.may_give(found):
        raise SaidError(N_("A role can be given only rights and lines that you have yourself."))


def _person(console: Console, name: str) -> Person:
    found = console.people.get(name)
    if found is None:
        raise HTTPException(404)
    return found


def _person_page(request: Request, session: Session, name: str, password: str = "") -> Response:
    console = console_of(request)
    found = _person(console, name)
    roles = [role for role in console.roles.all().values() if session.role.may_give(role)]
    return console.page(
        request, "person.html", session, person=found, roles=roles, visits=console.people.sessions(name), password=password,
        editable=session.role.may_give(found.role),
    )  # fmt: skip
