"""Tokens by which other programs use the API: a set of rights and lines with an end date, shown once, kept as a hash, ended at will.

A token is 256 bits of the machine's own randomness, so nobody finds it by trying, and SHA-256 is enough to keep it by. argon2 makes a
guess dear where a person chose the secret; here it would make every request dear and protect nothing more (RFC 4086 §8, RFC 6750 §5).
A token never does more than whoever made it may do now: it rests while their role lacks one of its rights or their account is
closed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.moments import SECOND
from appliance.records import Changed
from appliance.web.accounts import Session
from appliance.web.people import is_name
from appliance.web.rights import Right, Role, rights_from
from appliance.web.roles import Roles
from appliance.words import N_

BEGINNING = "apl_"
"""By this a program that looks for lost secrets knows one of ours."""
OFFERED = (
    Right.SEARCH, Right.LISTEN, Right.DOWNLOAD, Right.POPUP, Right.PAUSE, Right.LABEL, Right.CUSTOMERS, Right.HEALTH,
)  # fmt: skip
"""The rights that open something of the API; no token is given another."""
LONGEST_DAYS = 730
MOST = 200
PREFIX = "token:"
"""Stands before the token's name in the register; no account is called so."""
_USED_EVERY = 60 * SECOND
_DAY = 24 * 3600 * SECOND


class Token(NamedTuple):
    """One token, named by the beginning of its hash; of itself nothing is known any more."""

    id: str
    name: str
    role: Role
    made_by: str
    made_at: int
    ends_at: int
    used_at: int | None
    used_from: str


class RestingError(Exception):
    """Whoever made the token has not all of its rights now."""


class Tokens:
    """The tokens of a box; that one is made or ended is a fact in the ledger."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def all(self) -> list[Token]:
        """Every token that was not ended, by name."""
        return [_read(row) for row in self._ledger.connection.execute("SELECT * FROM token ORDER BY name")]

    def make(self, name: str, role: Role, days: int, who: str, account: str = "") -> str:
        """A new token for so many days, which is told only now; `account` made it, "" is the command line. Raises SaidError."""
        if not is_name(name):
            raise SaidError(N_("%(name)s cannot be a token's name; use letters, digits and . @ + - _, at most 60."), name=name)
        if not _rights(role) or not set(_rights(role)) <= set(OFFERED):
            raise SaidError(N_("Choose what the token may do."))
        if not 1 <= days <= LONGEST_DAYS:
            raise SaidError(N_("A token lasts from 1 to %(most)d days."), most=LONGEST_DAYS)
        secret, now = BEGINNING + secrets.token_urlsafe(32), self._now()
        values = (json.dumps(_rights(role)), json.dumps(role.lines), json.dumps(role.groups))
        with self._ledger.transaction() as connection:
            if connection.execute("SELECT count(*) FROM token").fetchone()[0] >= MOST:
                raise SaidError(N_("There are %(count)d tokens; end some first."), count=MOST)
            if connection.execute("SELECT 1 FROM token WHERE name = ?", (name,)).fetchone():
                raise SaidError(N_("%(name)s: another token has this name; end it, or choose a different one."), name=name)
            connection.execute(
                "INSERT INTO token (hash, name, rights, lines, line_groups, made_by, made_at, ends_at) VALUES (?,?,?,?,?,?,?,?)",
                (digest(secret), name, *values, account, now, now + days * _DAY),
            )
            limits = f" on {', '.join((*role.lines, *role.groups))}" if role.limited else ""
            told = f"{' '.join(_rights(role))}{limits}, {days} days"
            append(connection, [Changed(at=now, thing=f"token {name}", who=who, what="made", why=told)])
        return secret

    def end(self, token: str, who: str) -> bool:
        """End the token of this id or name; whether there was one."""
        with self._ledger.transaction() as connection:
            found = next((_read(row) for row in connection.execute(f"SELECT * FROM token WHERE {_NAMED}", (token, token))), None)  # noqa: S608
            if found is not None:
                connection.execute("DELETE FROM token WHERE name = ?", (found.name,))
                append(connection, [Changed(at=self._now(), thing=f"token {found.name}", who=who, what="removed", why="")])
        return found is not None

    def session(self, secret: str, address: str) -> Session | None:
        """Who bears this token; None where it is unknown or has ended. Raises RestingError."""
        now = self._now()
        row = self._ledger.connection.execute("SELECT * FROM token WHERE hash = ?", (digest(secret),)).fetchone()
        if row is None or now >= row["ends_at"]:
            return None
        found = _read(row)
        self._check_maker(found)
        if found.used_at is None or abs(now - found.used_at) > _USED_EVERY or found.used_from != address:
            with self._ledger.transaction() as connection:
                connection.execute("UPDATE token SET used_at = ?, used_from = ? WHERE hash = ?", (now, address, row["hash"]))
        return Session(PREFIX + found.name, "", False, found.role)

    def _check_maker(self, token: Token) -> None:
        if not token.made_by:  # the command line may do everything, and is no account that could be closed
            return
        row = self._ledger.connection.execute("SELECT role, disabled FROM account WHERE name = ?", (token.made_by,)).fetchone()
        if row is None or row["disabled"] or not Roles(self._ledger, self._now).get(row["role"]).may_give(token.role):
            raise RestingError


def digest(secret: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


_NAMED = "name = ? OR substr(lower(hex(hash)), 1, 16) = ?"


def _rights(role: Role) -> list[str]:
    return sorted(right.value for right in role.rights if right is not Right.OWN_ACCOUNT)


def _read(row: sqlite3.Row) -> Token:
    role = Role(
        id="", name=row["name"], rights=rights_from(json.loads(row["rights"])), lines=tuple(json.loads(row["lines"])),
        groups=tuple(json.loads(row["line_groups"])),
    )  # fmt: skip
    return Token(
        row["hash"].hex()[:16], row["name"], role, row["made_by"], row["made_at"], row["ends_at"], row["used_at"], row["used_from"]
    )
