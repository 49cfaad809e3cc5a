"""What an attacker tries, tried on every route that there is: forms without our secret, paths that climb, scripts, planted sessions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyotp
import pytest
from fastapi.routing import APIRoute

from appliance.web.accounts import Accounts
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.security import COOKIE
from tests.appliance.furnished import PASSWORD, Furnished, browser, signed_in
from tests.appliance.hostile import NAMES, ring
from tests.appliance.web.bearers import program

WITHOUT_A_SESSION = {"/first", "/sign-in", "/sign-in/code", "/sign-in/passkey", "/sign-in/passkey/options"}
"""They take no form of a session's, for there is none: what they hold the origin answers for (`Guard`)."""
CLIMBING = (
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fappliance.toml", "..%5c..%5cetc", "%2fetc%2fpasswd", "%00", "a%00.flac",
    "file:%2f%2f%2fetc%2fpasswd", "aaaaaaaaaaaaaaaa%0d%0aSet-Cookie:x=y", "aaaaaaaaaaaaaaaa.flac", "AAAAAAAAAAAAAAAA", "～", "%ff",
)  # fmt: skip


def pages(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Every route of the pages, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from pages(router.routes)


def test_no_route_that_changes_something_takes_a_form_without_the_sessions_secret(own: Furnished) -> None:
    """The real values are there, and only the secret is wrong: a row may be added by none of them."""
    client = signed_in(own)
    values = {
        "call": own.calls["inbound"],
        "name": "admin",
        "role": "manager",
        "customer": "new",
        "word": "x",
        "batch": "x",
        "token": "x",
    }
    tried = 0
    with own.ledger() as ledger:
        before = ledger.last_row()
        for route in pages(create(Console(own.box, own.clock())).routes):
            if "POST" not in (route.methods or set()) or route.path in WITHOUT_A_SESSION:
                continue
            address = route.path.format(**{name: values.get(name, "x") for name in re.findall(r"{(\w+)}", route.path)})
            for data in ({}, {"csrf": ""}, {"csrf": own.token}, {"csrf": "x" * 22}):
                files = {"table": ("a.csv", b"a,b")} if address == "/customers/import" else None
                form = {"name": "x", "do": "save", "rights": "search", "old": PASSWORD, **data}
                answer = client.post(address, data=form, files=files)
                assert answer.status_code == 403, f"{address} {data}: {answer.status_code}"
                tried += 1
        assert ledger.last_row() == before
    assert tried > 60


@pytest.mark.parametrize("climbing", CLIMBING)
def test_no_address_climbs_out_of_the_box_or_breaks_a_header(furnished: Furnished, climbing: str) -> None:
    client = signed_in(furnished)
    for route in pages(create(Console(furnished.box, furnished.clock())).routes):
        if "GET" not in (route.methods or set()) or "{" not in route.path:
            continue
        answer = client.get(re.sub(r"{\w+}", climbing, route.path))
        assert answer.status_code in (303, 404), f"{route.path}: {answer.status_code}"
        assert "root:" not in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("climbing", CLIMBING)
def test_no_address_of_the_api_climbs_either(own: Furnished, climbing: str) -> None:
    bearer = program(own)
    for path in ("/calls/{}", "/calls/{}/recording", "/calls/{}/marks", "/customers/{}"):
        answer = bearer.get(path.format(climbing))
        assert answer.status_code in (404, 422), path
        assert "root:" not in answer.text
        assert "set-cookie" not in answer.headers


def test_a_script_in_a_callers_name_is_text_wherever_the_api_gives_it(own: Furnished) -> None:
    """JSON that no browser takes for a page; the pages themselves are tried with the same names in `pages/`."""
    call = ring(own, NAMES[0].encode())
    answer = program(own).get(f"/calls/{call}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.text)["caller_name"] == NAMES[0]


def test_a_session_that_was_known_before_the_second_factor_is_none_after_it(own: Furnished) -> None:
    secret = pyotp.random_base32()
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE account SET totp = ? WHERE name = 'admin'", (secret,))
        planted = Accounts(ledger, own.clock().now, 12).sign_in("admin", PASSWORD, "10.0.0.66")
    victim = browser(own.box, own.clock(), planted)
    answer = victim.post("/sign-in/code", data={"code": pyotp.TOTP(secret).at(own.now // 1_000_000_000)})
    assert answer.status_code == 303
    assert answer.cookies[COOKIE] != planted
    assert browser(own.box, own.clock(), planted).get("/calls").status_code == 303, "whoever planted it is not signed in"
    assert browser(own.box, own.clock(), answer.cookies[COOKIE]).get("/calls").status_code == 200
