"""The code on the box's label: whoever holds it makes the first administrator, and with that it ends.

It is made once and kept as an argon2id hash alone: a label that is lost is replaced by a new code, never printed again. As soon as there is
one account it opens nothing any more, whatever became of that account.
"""

from __future__ import annotations

import secrets
import sqlite3
from html import escape

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.records import Changed

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for one another."""
_hasher = PasswordHasher()


def make(ledger: Ledger, now: int, who: str, *, again: bool = False) -> str:
    """The code of a box that nobody has signed in to; `again` ends the one before. Raises UsageError."""
    if not is_first(ledger.connection):
        raise UsageError(
            "this box has accounts already, and its label opens nothing; use appliance web password NAME --role administrator"
        )
    if stored(ledger.connection) and not again:
        raise UsageError(
            "the code was made already and is kept as a hash alone; make another one with --again, the first then ends"
        )
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM first_code")
        connection.execute("INSERT INTO first_code (code, made_at) VALUES (?,?)", (_hasher.hash(_plain(code)), now))
    ledger.append(Changed(at=now, thing="first sign-in", who=who, what="code for the label", why=""))
    return code


def is_first(connection: sqlite3.Connection) -> bool:
    """Whether there is no account yet."""
    return connection.execute("SELECT 1 FROM account LIMIT 1").fetchone() is None


def stored(connection: sqlite3.Connection) -> str:
    """The hash of the code; "" where none was made."""
    row = connection.execute("SELECT code FROM first_code").fetchone()
    return str(row[0]) if row else ""


def fits(hashed: str, given: str) -> bool:
    """Whether this is the code, however it was typed."""
    try:
        return _hasher.verify(hashed, _plain(given))
    except (Argon2Error, InvalidHashError):
        return False


def label(address: str, serial: str, code: str) -> str:
    """A label of 62 × 40 mm as one HTML page that fetches nothing."""
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8"><title>'
        f"{escape(address)}</title>\n<style>{_STYLE}</style></head><body>\n"
        f"<p>管理画面 / Console<br><b>{escape(address)}</b></p>\n"
        f'<p>初回コード / First sign-in<br><b class="code">{escape(code)}</b></p>\n'
        f"<p class=small>{escape(serial)} · 最初のサインインで無効になります / ends with the first sign-in</p>\n</body></html>\n"
    )


def _plain(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter in ALPHABET)


_STYLE = (
    "@page{size:62mm 40mm;margin:0}body{box-sizing:border-box;width:62mm;height:40mm;margin:0;padding:3mm;overflow:hidden;"
    "font:9pt/1.35 sans-serif;color:#000;background:#fff}p{margin:0 0 2mm}b{font:bold 12pt/1.3 monospace}.code{font-size:14pt}"
    ".small{font-size:6pt}"
)
