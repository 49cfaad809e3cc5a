"""Passkeys (Web Authentication, W3C level 3): a key pair on somebody's device, bound to the box's own name, signs them in.

The device asks for finger, face or PIN (user verification is demanded), so that a passkey is two factors by itself. A challenge belongs to
one browser, is good once and for five minutes. Of a passkey the box keeps the public key and a counter, nothing that opens anything.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

import webauthn
from fastapi import Request
from webauthn.helpers import parse_authentication_credential_json, structs
from webauthn.helpers.exceptions import WebAuthnException

from appliance.customers.names import tidy
from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.moments import SECOND
from appliance.records import Changed
from appliance.web.security import console_of
from appliance.words import N_

REGISTER, SIGN_IN = "register", "sign in"
GOOD_S = 300
MOST = 20
MOST_CHALLENGES = 2000
"""So many browsers may be at it at once; whoever asks then pushes the oldest out."""
LONGEST_NAME = 60
_NO_ANSWER = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What the library raises on an answer that no device gave: its own error, and others where fields are missing or of another kind."""


class NoPasskeyError(Exception):
    """The answer does not come from a passkey of an open account, for this browser, now and here."""


class Relying(NamedTuple):
    """The box as a browser sees it (§5.1.2, RP ID; §7.1, origin)."""

    id: str
    origin: str
    name: str


class Passkey(NamedTuple):
    """One passkey, named by the beginning of its hash."""

    id: str
    name: str
    created_at: int
    used_at: int | None


def relying(scheme: str, host: str, names: Iterable[str], site: str) -> Relying | None:
    """The box by the name that stands in the address; None where that is no name of its own, or nobody vouches for it by TLS."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return None
    if name not in names or (scheme != "https" and name != "localhost"):
        return None
    return Relying(name, f"{scheme}://{host.lower()}", site or "appliance")


class Passkeys:
    """The passkeys of a box; that one is added or removed is a fact in the ledger."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def of(self, account: str) -> list[Passkey]:
        """This account's passkeys, the oldest first."""
        rows = self._ledger.connection.execute(
            "SELECT id, name, created_at, used_at FROM passkey WHERE account = ? ORDER BY created_at, id", (account,)
        )
        return [Passkey(_short(row["id"]), row["name"], row["created_at"], row["used_at"]) for row in rows]

    def offer(self, account: str, bearer: str, box: Relying) -> str:
        """What a browser is asked to make a passkey from, as JSON (§5.4); the challenge is this bearer's."""
        known = self._ledger.connection.execute("SELECT id FROM passkey WHERE account = ?", (account,)).fetchall()
        options = webauthn.generate_registration_options(
            rp_id=box.id, rp_name=box.name, user_name=account, user_id=_handle(account), challenge=self._challenge(bearer, REGISTER),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED, user_verification=structs.UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=row["id"]) for row in known],
        )  # fmt: skip
        return webauthn.options_to_json(options)

    def add(self, account: str, bearer: str, box: Relying, answer: str, name: str) -> None:
        """Keep the passkey that a browser made (§7.1). Raises NoPasskeyError, or SaidError where there are too many."""
        challenge = self._taken(bearer, REGISTER)
        try:
            made = webauthn.verify_registration_response(
                credential=answer, expected_challenge=challenge, expected_rp_id=box.id, expected_origin=box.origin,
                require_user_verification=True,
            )  # fmt: skip
        except _NO_ANSWER as error:
            raise NoPasskeyError(str(error)) from error
        now, title = self._now(), tidy(name, LONGEST_NAME) or box.id
        with self._ledger.transaction() as connection:
            if connection.execute("SELECT count(*) FROM passkey WHERE account = ?", (account,)).fetchone()[0] >= MOST:
                raise SaidError(N_("There are %(count)d passkeys; remove one first."), count=MOST)
            if connection.execute("SELECT 1 FROM passkey WHERE id = ?", (made.credential_id,)).fetchone():
                raise NoPasskeyError("it is known already")
            connection.execute(
                "INSERT INTO passkey (id, account, name, public_key, sign_count, created_at) VALUES (?,?,?,?,?,?)",
                (made.credential_id, account, title, made.credential_public_key, made.sign_count, now),
            )
            append(connection, [Changed(at=now, thing=f"account {account}", who=account, what="passkey added", why=title)])

    def ask(self, bearer: str, box: Relying) -> str:
        """What a browser is asked to sign in with, as JSON (§5.5): whichever passkey of this box its owner chooses."""
        options = webauthn.generate_authentication_options(
            rp_id=box.id, challenge=self._challenge(bearer, SIGN_IN), user_verification=structs.UserVerificationRequirement.REQUIRED
        )
        return webauthn.options_to_json(options)

    def owner(self, bearer: str, box: Relying, answer: str) -> str:
        """The open account whose passkey gave this answer (§7.2). Raises NoPasskeyError."""
        challenge = self._taken(bearer, SIGN_IN)
        with self._ledger.transaction() as connection:
            try:
                given = parse_authentication_credential_json(answer)
                row = connection.execute(
                    "SELECT passkey.* FROM passkey JOIN account ON account.name = account WHERE id = ? AND NOT disabled",
                    (given.raw_id,),
                ).fetchone()
                if row is None or given.response.user_handle not in (None, _handle(row["account"])):
                    raise NoPasskeyError("no open account has this passkey")
                found = webauthn.verify_authentication_response(
                    credential=answer, expected_challenge=challenge, expected_rp_id=box.id, expected_origin=box.origin,
                    credential_public_key=row["public_key"], credential_current_sign_count=row["sign_count"],
                    require_user_verification=True,
                )  # fmt: skip
            except _NO_ANSWER as error:
                raise NoPasskeyError(str(error)) from error
            counted = "UPDATE passkey SET sign_count = ?, used_at = ? WHERE id = ?"
            connection.execute(counted, (found.new_sign_count, self._now(), row["id"]))
        return str(row["account"])

    def remove(self, account: str, passkey: str, who: str) -> int:
        """Take one of this account's passkeys away; "" takes all of them. Returns how many."""
        with self._ledger.transaction() as connection:
            rows = connection.execute("SELECT id, name FROM passkey WHERE account = ?", (account,)).fetchall()
            gone = [row for row in rows if passkey in ("", _short(row["id"]))]
            connection.executemany("DELETE FROM passkey WHERE id = ?", [(row["id"],) for row in gone])
            now = self._now()
            if gone:
                told = ", ".join(row["name"] for row in gone)
                append(connection, [Changed(at=now, thing=f"account {account}", who=who, what="passkey removed", why=told)])
        return len(gone)

    def _challenge(self, bearer: str, purpose: str) -> bytes:
        made, now = secrets.token_bytes(32), self._now()
        with self._ledger.transaction() as connection:
            connection.execute("DELETE FROM challenge WHERE abs(? - made_at) > ?", (now, GOOD_S * SECOND))
            surplus = "DELETE FROM challenge WHERE bearer IN (SELECT bearer FROM challenge ORDER BY made_at DESC LIMIT -1 OFFSET ?)"
            connection.execute(surplus, (MOST_CHALLENGES,))
            connection.execute("INSERT OR REPLACE INTO challenge VALUES (?,?,?,?)", (_digest(bearer), purpose, made, now))
        return made

    def _taken(self, bearer: str, purpose: str) -> bytes:
        """This bearer's challenge, which is none any more: an answer is good once. Raises NoPasskeyError."""
        with self._ledger.transaction() as connection:
            row = connection.execute(
                "DELETE FROM challenge WHERE bearer = ? AND purpose = ? RETURNING challenge, made_at", (_digest(bearer), purpose)
            ).fetchone()
        if not bearer or row is None or abs(self._now() - row["made_at"]) > GOOD_S * SECOND:
            raise NoPasskeyError("nothing was asked of this browser")
        return bytes(row["challenge"])


def box_of(request: Request) -> Relying | None:
    """The box by the name that the browser knows it by; None where passkeys cannot work there."""
    config = console_of(request).box.config
    own = {config.network.name, f"{config.network.name}.local", socket.gethostname().lower(), "localhost", config.web.name}
    return relying(request.url.scheme, request.headers.get("host", ""), own - {""}, config.site.name)


def as_answer(text: str) -> str:
    """A browser's answer if it is a JSON object at all. Raises NoPasskeyError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoPasskeyError("it is no JSON") from error
    if not isinstance(found, dict):
        raise NoPasskeyError("it is no object")
    return text


def _handle(account: str) -> bytes:
    """By what a device knows the account again; nothing that a reader of the device could understand (§14.6.1)."""
    return hashlib.sha256(b"appliance account " + account.encode("utf-8", "surrogatepass")).digest()


def _digest(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode("utf-8", "surrogatepass")).digest()


def _short(passkey: bytes) -> str:
    return hashlib.sha256(passkey).hexdigest()[:16]
