"""Who has an account: roles given and taken, accounts closed and opened, sessions listed and ended.

The box always keeps one account that is open and may do everything; the last one can be neither closed nor put into another role.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.records import Changed
from appliance.web.rights import ADMINISTRATOR, Role
from appliance.web.roles import Roles
from appliance.words import N_

_NAME = re.compile(r"[\w.@+-]{1,60}\Z")


class Person(NamedTuple):
    """One account."""

    name: str
    role: Role
    disabled: bool
    one_time: bool
    """Waits for its owner to sign in with a one-time password."""
    second_factor: bool
    created_at: int
    seen_at: int | None
    sessions: int
    passkeys: int


class Visit(NamedTuple):
    """One session, named by the beginning of its token's hash."""

    id: str
    account: str
    created_at: int
    seen_at: int
    address: str
    agent: str


def is_name(text: str) -> bool:
    """Whether a new account may be called so: letters of any script, digits, and `. @ + - _`."""
    return _NAME.match(text) is not None


class People:
    """The accounts of a box as whoever has the users right sees them."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def all(self) -> list[Person]:
        """Every account by name."""
        roles = Roles(self._ledger, self._now)
        known = roles.all()
        rows = self._ledger.connection.execute(
            """SELECT name, role, disabled, one_time, totp, account.created_at, max(seen_at) AS seen, count(token) AS sessions,
               (SELECT count(*) FROM passkey WHERE passkey.account = account.name) AS passkeys
               FROM account LEFT JOIN session ON session.account = account.name AND NOT pending GROUP BY name ORDER BY name"""
        )
        return [
            Person(row["name"], known.get(row["role"]) or roles.get(row["role"]), bool(row["disabled"]), bool(row["one_time"]),
                   bool(row["totp"]), row["created_at"], row["seen"], row["sessions"], row["passkeys"])
            for row in rows
        ]  # fmt: skip

    def get(self, name: str) -> Person | None:
        """This account."""
        return next((person for person in self.all() if person.name == name), None)

    def give_role(self, name: str, role: str, who: str) -> None:
        """Put an account into a role. Raises SaidError."""
        if role not in Roles(self._ledger, self._now).all():
            raise SaidError(N_("%(role)s: there is no such role; choose one of the list."), role=role)
        with self._ledger.transaction() as connection:
            if role != ADMINISTRATOR:
                _keep_one_master(connection, name)
            connection.execute("UPDATE account SET role = ? WHERE name = ?", (role, name))
            append(connection, [self._changed(name, who, f"role {role}")])

    def close(self, name: str, who: str) -> None:
        """Let nobody sign in with this account, and end its sessions. Raises SaidError."""
        with self._ledger.transaction() as connection:
            _keep_one_master(connection, name)
            connection.execute("UPDATE account SET disabled = 1 WHERE name = ?", (name,))
            connection.execute("DELETE FROM session WHERE account = ?", (name,))
            append(connection, [self._changed(name, who, "closed")])

    def open(self, name: str, who: str) -> None:
        """Let its owner sign in again."""
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE account SET disabled = 0 WHERE name = ?", (name,))
            append(connection, [self._changed(name, who, "opened")])

    def sessions(self, account: str) -> list[Visit]:
        """Where this account is signed in, the latest first."""
        rows = self._ledger.connection.execute(
            "SELECT token, account, created_at, seen_at, address, agent FROM session WHERE account = ? AND NOT pending "
            "ORDER BY seen_at DESC, token",
            (account,),
        )
        return [
            Visit(row["token"].hex()[:16], row["account"], row["created_at"], row["seen_at"], row["address"], row["agent"])
            for row in rows
        ]

    def end(self, account: str, session: str, who: str) -> int:
        """End one session of this account; "" ends all of them. Returns how many."""
        with self._ledger.transaction() as connection:
            ended = connection.execute(
                "DELETE FROM session WHERE account = ? AND (? = '' OR substr(lower(hex(token)), 1, 16) = ?)",
                (account, session, session),
            ).rowcount
            if ended:
                append(connection, [self._changed(account, who, f"{ended} sessions ended")])
        return ended

    def _changed(self, name: str, who: str, what: str) -> Changed:
        return Changed(at=self._now(), thing=f"account {name}", who=who, what=what, why="")


def _keep_one_master(connection: sqlite3.Connection, name: str) -> None:
    others = connection.execute(
        "SELECT count(*) FROM account WHERE role = ? AND NOT disabled AND name != ?", (ADMINISTRATOR, name)
    ).fetchone()[0]
    mine = connection.execute("SELECT role, disabled FROM account WHERE name = ?", (name,)).fetchone()
    if mine is None:
        raise SaidError(N_("%(name)s: there is no such account."), name=name)
    if not others and mine["role"] == ADMINISTRATOR and not mine["disabled"]:
        raise SaidError(N_("%(name)s is the last open account of an administrator; make another one first."), name=name)
