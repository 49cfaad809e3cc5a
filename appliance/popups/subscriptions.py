"""Browsers that want to be told of a ringing call while nobody looks at the page. Each belongs to a session, and ends with it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from appliance.calls import Call
from appliance.config import Config
from appliance.customers.book import Book
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.popups import answers
from appliance.popups.cards import card, other_party
from appliance.push_key import from_web64
from appliance.web import i18n
from appliance.web.rights import Right, scope_of
from appliance.web.roles import Roles
from appliance.words import N_

MOST_OF_A_SESSION = 5
_LONGEST = 1000
_LONGEST_TEXT = 200


class Subscription(NamedTuple):
    """A browser that takes push messages."""

    endpoint: str
    p256dh: str
    auth: str
    language: str = "ja"


def digest(token: str) -> bytes:
    """A session as it is kept (`web/accounts.py`)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def add(ledger: Ledger, token: str, wanted: Subscription, now: int) -> None:
    """Tell this browser from now on, as long as the session lasts. Raises SaidError."""
    if not _is_whole(wanted):
        raise SaidError(N_("The browser gave no address for push messages that can be used."))
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM push WHERE token NOT IN (SELECT token FROM session)")
        connection.execute(
            "INSERT OR REPLACE INTO push (endpoint, token, p256dh, auth, language, made_at) VALUES (?,?,?,?,?,?)",
            (wanted.endpoint, digest(token), wanted.p256dh, wanted.auth, wanted.language, now),
        )
        connection.execute(
            "DELETE FROM push WHERE token = ? AND endpoint NOT IN "
            "(SELECT endpoint FROM push WHERE token = ? ORDER BY made_at DESC, rowid DESC LIMIT ?)",
            (digest(token), digest(token), MOST_OF_A_SESSION),
        )


def forget(ledger: Ledger, endpoint: str, token: str = "") -> None:
    """Tell this browser no more (if it is of this session, where one is named)."""
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM push WHERE endpoint = ? AND (? = '' OR token = ?)", (endpoint, token, digest(token)))


def to_alert(ledger: Ledger, config: Config, call: Call, now: int) -> Iterator[tuple[Subscription, bytes]]:
    """Who is to be told of this call, and what: of live sessions with the right to cards, those that see its line."""
    roles = Roles(ledger, lambda: now).all()
    for row in _live(ledger.connection, now - config.web.session_hours * 3600 * SECOND):
        role = roles.get(row["role"])
        if role is None or Right.POPUP not in role.rights:
            continue
        scope = scope_of(role, config)
        if scope is None or scope.covers(call.line):
            wanted = Subscription(row["endpoint"], row["p256dh"], row["auth"], row["language"])
            yield wanted, _message(ledger, config, call, now, wanted.language)


def _live(connection: sqlite3.Connection, since: int) -> list[sqlite3.Row]:
    return connection.execute(
        """SELECT push.*, account.role FROM push JOIN session ON session.token = push.token
           JOIN account ON account.name = session.account
           WHERE NOT session.pending AND NOT account.disabled AND session.seen_at >= ?""",
        (since,),
    ).fetchall()


def _message(ledger: Ledger, config: Config, call: Call, now: int, language: str) -> bytes:
    """What the browser shows, encrypted on its way: whom, on which line."""
    number, _ = other_party(call)
    people = tuple(Book(ledger, lambda: now, config.number).behind(number))
    shown = card(call, config, people=people, found=tuple(answers.of(ledger.connection, number, now)))
    say = i18n.catalogue(language).gettext
    told = {
        "call": call.id,
        "title": shown.title[:_LONGEST_TEXT] or say("unknown"),
        "body": f"{say('Ringing')} {shown.line[:_LONGEST_TEXT]}".strip(),
    }
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def _is_whole(wanted: Subscription) -> bool:
    try:
        lengths = len(from_web64(wanted.p256dh)), len(from_web64(wanted.auth))
    except ValueError:
        return False
    return lengths == (65, 16) and len(wanted.endpoint) <= _LONGEST and wanted.endpoint.isascii() and wanted.endpoint.isprintable()
