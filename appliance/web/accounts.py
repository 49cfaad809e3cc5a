"""Accounts, sessions and the throttle of the sign-in. Passwords are argon2id; of a session only the hash of its token is kept.

A one-time password opens one session, in which its owner chooses a lasting one; it never works again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from appliance import first_code
from appliance.ledger import Ledger, append
from appliance.moments import SECOND
from appliance.records import Changed
from appliance.web.rights import ADMINISTRATOR, BUILT_IN, Right, Role
from appliance.web.roles import Roles
from appliance.web.second_factor import NoCodeError, check_code

FIRST_ACCOUNT = "admin"
NEWCOMER = "operator"
"""The role of an account that was made without naming one."""
MIN_LENGTH = 10
FREE_TRIES = 5
LONGEST_WAIT_S = 900
PENDING_S = 600
"""How long a session waits for its second factor."""
_SPENT = "!"
"""Stands for a one-time password that was used: no password matches it."""

_hasher = PasswordHasher()


class Session(NamedTuple):
    """Somebody who is signed in."""

    account: str
    csrf: str
    must_choose: bool
    """Signed in with a one-time password: a lasting one is still to be chosen."""
    role: Role = BUILT_IN[ADMINISTRATOR]

    def may(self, right: str) -> bool:
        """Whether this right is theirs."""
        return Right(right) in self.role.rights


class ThrottledError(Exception):
    """Too many failures: wait so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class WrongPasswordError(Exception):
    """Name and password do not go together."""


class WeakPasswordError(ValueError):
    """The password is too short or is the name."""


class Accounts:
    """Accounts in the box's database. One instance a thread (it has that thread's ledger)."""

    def __init__(self, ledger: Ledger, now: Callable[[], int], session_hours: int) -> None:
        self._ledger = ledger
        self._now = now
        self._idle = session_hours * 3600 * SECOND

    def one_time_password(self, name: str, role: str = "", who: str = "command line") -> str:
        """Give this account a fresh one-time password, and return it; one that is new gets the role (the first one's is the
        administrator's, any other's the operator's where none is named)."""
        role = role or (ADMINISTRATOR if name == FIRST_ACCOUNT else NEWCOMER)
        password = "-".join("".join(secrets.choice(first_code.ALPHABET) for _ in range(4)) for _ in range(3))
        with self._ledger.transaction() as connection:
            connection.execute(
                "INSERT INTO account (name, password, one_time, created_at, role) VALUES (?,?,1,?,?) "
                "ON CONFLICT (name) DO UPDATE SET password = excluded.password, one_time = 1",
                (name, _hasher.hash(password), self._now(), role),
            )
            connection.execute("DELETE FROM session WHERE account = ?", (name,))
        self._ledger.append(Changed(at=self._now(), thing=f"account {name}", who=who, what="one-time password", why=""))
        return password

    def has_lasting_password(self, name: str) -> bool:
        """Whether this account exists and its owner has chosen a password."""
        row = self._ledger.connection.execute("SELECT one_time FROM account WHERE name = ?", (name,)).fetchone()
        return row is not None and not row["one_time"]

    def sign_in(self, name: str, password: str, address: str, agent: str = "") -> str:
        """The token of a new session, which opens nothing yet where the account has a second factor (`confirm`). Raises
        ThrottledError or WrongPasswordError."""
        now = self._now()
        self._check_throttle((f"name:{name}:{address}", f"address:{address}"), now)
        row = self._ledger.connection.execute(
            "SELECT password, one_time, totp FROM account WHERE name = ? AND NOT disabled", (name,)
        ).fetchone()
        if not _matches(row["password"] if row else None, password):
            self._failed((f"name:{name}:{address}", f"address:{address}"), now)
            raise WrongPasswordError
        with self._ledger.transaction() as connection:
            present = connection.execute("SELECT password FROM account WHERE name = ?", (name,)).fetchone()
            if present is None or present["password"] != row["password"]:
                raise WrongPasswordError  # spent or changed while it was being checked
            connection.execute("DELETE FROM attempt WHERE who IN (?, ?)", (f"name:{name}:{address}", f"address:{address}"))
            if row["one_time"]:
                connection.execute("UPDATE account SET password = ? WHERE name = ?", (_SPENT, name))
            return self._begin(connection, name, address, agent, pending=bool(row["totp"]))

    def begin_with_code(self, code: str, name: str, password: str, address: str, agent: str = "") -> str:
        """The first administrator's session: the code on the label makes the account, and ends with it. Raises ThrottledError,
        WrongPasswordError (the code is another, or somebody was first) or WeakPasswordError."""
        now, who = self._now(), (f"first:{address}", f"address:{address}")
        self._check_throttle(who, now)
        stored = first_code.stored(self._ledger.connection)
        if not first_code.fits(stored, code):
            self._failed(who, now)
            raise WrongPasswordError
        hashed = _lasting(name, password)
        with self._ledger.transaction() as connection:
            if not first_code.is_first(connection) or first_code.stored(connection) != stored:
                raise WrongPasswordError
            connection.execute(
                "INSERT INTO account (name, password, one_time, created_at, role) VALUES (?,?,0,?,?)",
                (name, hashed, now, ADMINISTRATOR),
            )
            connection.execute("DELETE FROM first_code")
            connection.execute("DELETE FROM attempt WHERE who IN (?, ?)", who)
            append(
                connection, [Changed(at=now, thing=f"account {name}", who=name, what="first administrator, by the label", why="")]
            )
            return self._begin(connection, name, address, agent, pending=False)

    def begin(self, name: str, address: str, agent: str = "") -> str:
        """The token of a new session of somebody whose passkey was looked at."""
        with self._ledger.transaction() as connection:
            return self._begin(connection, name, address, agent, pending=False)

    def _begin(self, connection: sqlite3.Connection, name: str, address: str, agent: str, *, pending: bool) -> str:
        token, now = secrets.token_urlsafe(32), self._now()
        connection.execute("DELETE FROM session WHERE seen_at < ?", (now - self._idle,))
        connection.execute(
            "INSERT INTO session (token, account, csrf, created_at, seen_at, address, agent, pending) VALUES (?,?,?,?,?,?,?,?)",
            (_digest(token), name, secrets.token_urlsafe(16), now, now, address, agent[:200], pending),
        )
        return token

    def is_password(self, name: str, password: str) -> bool:
        """Whether this is the account's lasting password; asked of somebody who is signed in before something weighty."""
        row = self._ledger.connection.execute("SELECT password FROM account WHERE name = ?", (name,)).fetchone()
        return _matches(row["password"] if row else None, password)

    def pending(self, token: str) -> str:
        """The account that this session is for once the second factor is given; "" where none is asked for."""
        row = self._ledger.connection.execute(
            "SELECT account FROM session WHERE token = ? AND pending AND created_at > ?",
            (_digest(token), self._now() - PENDING_S * SECOND),
        ).fetchone()
        return str(row["account"]) if row else ""

    def confirm(self, token: str, code: str, address: str) -> str:
        """The token of the session that the code opens; the pending one ends. Raises ThrottledError or WrongPasswordError."""
        name, now = self.pending(token), self._now()
        self._check_throttle((f"code:{name}:{address}", f"address:{address}"), now)
        with self._ledger.transaction() as connection:
            row = connection.execute("SELECT totp, totp_step FROM account WHERE name = ? AND NOT disabled", (name,)).fetchone()
            step = check_code(row["totp"], code, now, row["totp_step"]) if row and row["totp"] else None
            if step is not None:  # a token that was known before the code is no session after it
                fresh = secrets.token_urlsafe(32)
                connection.execute("UPDATE account SET totp_step = ? WHERE name = ?", (step, name))
                connection.execute("UPDATE session SET pending = 0, token = ? WHERE token = ?", (_digest(fresh), _digest(token)))
                return fresh
        self._failed((f"code:{name}:{address}", f"address:{address}"), now)
        raise WrongPasswordError

    def set_totp(self, name: str, secret: str, code: str, who: str) -> None:
        """Ask this account for a code from now on; with an empty secret no longer. Raises NoCodeError where the code is not its."""
        now = self._now()
        step = check_code(secret, code, now, 0) if secret else 0
        if step is None:
            raise NoCodeError
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE account SET totp = ?, totp_step = ? WHERE name = ?", (secret, step, name))
        self._ledger.append(
            Changed(at=now, thing=f"account {name}", who=who, what="second factor on" if secret else "second factor off", why="")
        )

    def has_totp(self, name: str) -> bool:
        """Whether the account is asked for a code."""
        row = self._ledger.connection.execute("SELECT totp FROM account WHERE name = ?", (name,)).fetchone()
        return row is not None and bool(row["totp"])

    def session(self, token: str) -> Session | None:
        """Who this token belongs to; None where it is unknown or was unused for too long."""
        now = self._now()
        row = self._ledger.connection.execute(
            "SELECT session.account, csrf, seen_at, one_time, role FROM session JOIN account ON account.name = session.account "
            "WHERE token = ? AND NOT pending AND NOT disabled",
            (_digest(token),),
        ).fetchone()
        if row is None or now - row["seen_at"] > self._idle:
            return None
        if now - row["seen_at"] > 60 * SECOND:
            with self._ledger.transaction() as connection:
                connection.execute("UPDATE session SET seen_at = ? WHERE token = ?", (now, _digest(token)))
        return Session(row["account"], row["csrf"], bool(row["one_time"]), Roles(self._ledger, self._now).get(row["role"]))

    def sign_out(self, token: str) -> None:
        """End this session."""
        with self._ledger.transaction() as connection:
            connection.execute("DELETE FROM session WHERE token = ?", (_digest(token),))

    def choose_password(self, session: Session, token: str, old: str, new: str) -> None:
        """Set a lasting password; every other session of the account ends. Raises WrongPasswordError or WeakPasswordError."""
        row = self._ledger.connection.execute("SELECT password FROM account WHERE name = ?", (session.account,)).fetchone()
        if not session.must_choose and not _matches(row["password"] if row else None, old):
            raise WrongPasswordError
        hashed = _lasting(session.account, new)
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE account SET password = ?, one_time = 0 WHERE name = ?", (hashed, session.account))
            connection.execute("DELETE FROM session WHERE account = ? AND token != ?", (session.account, _digest(token)))
        self._ledger.append(
            Changed(at=self._now(), thing=f"account {session.account}", who=session.account, what="password", why="")
        )

    def _check_throttle(self, who: tuple[str, str], now: int) -> None:
        for row in self._ledger.connection.execute("SELECT failures, last_at FROM attempt WHERE who IN (?, ?)", who):
            passed = now - row["last_at"]
            wait = _wait(row["failures"]) * SECOND - passed
            if wait > 0 and passed >= 0:  # a failure in the future is none: the clock was set back
                raise ThrottledError(-(-wait // SECOND))

    def _failed(self, who: tuple[str, str], now: int) -> None:
        with self._ledger.transaction() as connection:
            _forget_old(connection, now)
            for name in who:
                connection.execute(
                    "INSERT INTO attempt (who, failures, last_at) VALUES (?, 1, ?) "
                    "ON CONFLICT (who) DO UPDATE SET failures = failures + 1, last_at = excluded.last_at",
                    (name, now),
                )


def csrf_holds(session: Session, given: str) -> bool:
    """Whether the form was ours."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def _lasting(name: str, password: str) -> str:
    """The hash of a password that somebody chose. Raises WeakPasswordError."""
    if len(password) < MIN_LENGTH or password.lower() == name.lower():
        raise WeakPasswordError
    return _hasher.hash(password)


def _wait(failures: int) -> int:
    """Seconds to wait after so many failures in a row: none at first, then doubling."""
    return 0 if failures < FREE_TRIES else min(LONGEST_WAIT_S, 2 ** min(failures - FREE_TRIES + 1, 20))


def _forget_old(connection: sqlite3.Connection, now: int) -> None:
    connection.execute("DELETE FROM attempt WHERE last_at < ?", (now - 24 * 3600 * SECOND,))


def _matches(stored: str | None, password: str) -> bool:
    """Takes as long for an unknown name and for a spent password as for a known one."""
    known = None if stored == _SPENT else stored
    try:
        _hasher.verify(known or _NOBODY, password)
    except (Argon2Error, InvalidHashError):
        return False
    return known is not None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


_NOBODY = _hasher.hash(secrets.token_urlsafe(16))
