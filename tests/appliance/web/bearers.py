"""Programs that use the API of a test's box: a token with chosen rights, and a client that bears it."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.clock import Clock
from appliance.web.api.application import PATH
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import Right, Role, rights_from
from appliance.web.tokens import OFFERED, Tokens
from tests.appliance.furnished import Furnished, TestClient


def token(
    at: Furnished, rights: Iterable[Right] = OFFERED, lines: tuple[str, ...] = (), name: str = "crm", account: str = "",
    clock: Clock | None = None,
) -> str:  # fmt: skip
    """A fresh token of this box for 30 days."""
    role = Role(id="", rights=rights_from(rights), lines=lines)
    with at.ledger() as ledger:
        return Tokens(ledger, (clock or at.clock()).now).make(name, role, 30, "test", account)


def client(at: Furnished, secret: str = "", clock: Clock | None = None) -> TestClient:
    """A program at the API in this process; without a secret it bears none."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    app = create(Console(at.box, clock or at.clock()))
    return TestClient(app, base_url=f"http://testserver{PATH}", follow_redirects=False, headers=headers)


def program(at: Furnished, *rights: Right, lines: tuple[str, ...] = ()) -> TestClient:
    """A program with a token of these rights, of all where none is named."""
    return client(at, token(at, rights or OFFERED, lines))
