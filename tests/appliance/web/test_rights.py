"""Every route names a right or stands on the short list of open ones, and without a session no right is granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import Mount

from appliance.box import Box
from appliance.config import Config, Line
from appliance.web.accounts import Accounts
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import ADMINISTRATOR, BUILT_IN, EVERYTHING, Right, Role, rights_from, scope_of
from appliance.web.roles import Roles
from appliance.web.security import COOKIE, rights_of
from tests.appliance.furnished import Furnished, TestClient, browser
from tests.fakes.clock import FakeClock

OPEN = {
    ("/", "GET"),
    ("/first", "GET"),
    ("/first", "POST"),
    ("/metrics", "GET"),
    ("/sign-in", "GET"),
    ("/sign-in", "POST"),
    ("/sign-in/code", "GET"),
    ("/sign-in/code", "POST"),
    ("/sign-in/passkey", "POST"),
    ("/sign-in/passkey/options", "POST"),
}
VALUES = {
    "name": "admin",
    "role": "manager",
    "customer": "new",
    "word": "none",
    "batch": "none",
    "token": "none",
    "passkey": "none",
    "package": "none",
    "step": "lines",
    "change": "none",
    "report": "none",
    "capture": "none",
}
"""What stands in the braces of addresses, besides the call."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def methods(route: APIRoute) -> set[str]:
    return set(route.methods or ())


def pages(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from pages(router.routes)


def filled(path: str, call: str) -> str:
    """The address with something real in its braces."""
    return path.format(**{name: VALUES.get(name, call) for name in re.findall(r"{(\w+)}", path)})


@pytest.fixture
def app(box: Box) -> FastAPI:
    return create(Console(box, FakeClock()))


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # GET and HEAD of the audio are one function
def test_we_see_every_route_that_there_is(app: FastAPI) -> None:
    listed = get_openapi(title="-", version="-", routes=app.routes)["paths"]
    ours = {(route.path, method) for route in pages(app.routes) for method in methods(route)}
    assert ours == {(path, method.upper()) for path, operations in listed.items() for method in operations}
    assert len(ours) > 10
    assert [(type(route), route.path) for route in app.routes if hasattr(route, "path")] == [
        (Mount, "/static"), (Mount, "/api/v1"),
    ], "the API has a matrix of its own: api/test_matrix.py"  # fmt: skip


def test_every_route_names_one_right_or_is_on_the_short_list(app: FastAPI) -> None:
    for route in pages(app.routes):
        for method in methods(route):
            named = rights_of(route)
            assert len(named) == (0 if (route.path, method) in OPEN else 1), f"{method} {route.path} names {named}"
            assert named <= EVERYTHING


def test_every_right_opens_something(app: FastAPI) -> None:
    assert set().union(*(rights_of(route) for route in pages(app.routes))) == set(Right)


def test_without_a_session_nothing_is_open_by_any_method(app: FastAPI, furnished: Furnished) -> None:
    client = browser(furnished.box, furnished.clock())
    call = furnished.calls["inbound"]
    tried = 0
    for route in pages(app.routes):
        address = filled(route.path, call)
        for method in METHODS:
            if (route.path, method) in OPEN:
                continue
            answer = client.request(method, address)
            if not any(method in methods(other) and other.path_regex.match(address) for other in pages(app.routes)):
                assert answer.status_code == 405, f"{method} {address}"
            elif method == "GET":
                assert answer.status_code == 303
                assert answer.headers["location"].startswith("/sign-in?next=%2F")
                assert not answer.content
            else:
                assert answer.status_code == 401, f"{method} {address}"
                assert method == "HEAD" or answer.text == "sign in first"
            assert call not in answer.text
            tried += method in methods(route)
    assert tried >= 10


@pytest.mark.parametrize("right", [right for right in Right if right is not Right.OWN_ACCOUNT], ids=str)
def test_a_right_opens_its_own_routes_and_no_other(own: Furnished, right: Right) -> None:
    """The matrix: every route × every right."""
    with own.ledger() as ledger:
        role = Roles(ledger, own.clock().now).add("one right", [right], "test")
        accounts = Accounts(ledger, own.clock().now, 12)
        token = accounts.sign_in("one", accounts.one_time_password("one", role.id), "-")
    app = create(Console(own.box, own.clock()))
    app.state.news.close()  # a stream of events ends at once
    client = TestClient(app, follow_redirects=False, headers={"Accept": "*/*"}, cookies={COOKIE: token})
    tried = {True: 0, False: 0}
    for route in pages(app.routes):
        for method in methods(route):
            if (route.path, method) in OPEN:
                continue
            needed = rights_of(route)
            answer = client.request(method, filled(route.path, own.calls["inbound"]))
            has_it = needed <= {right, Right.OWN_ACCOUNT}
            refused = answer.status_code == 403 and (method == "HEAD" or answer.text.startswith("this needs the right"))
            assert refused != has_it, f"{method} {route.path} needs {needed}: {answer.status_code} {answer.text[:80]}"
            tried[has_it] += 1
    assert tried[True] and tried[False]


def test_a_role_limited_to_lines_sees_no_other_call_by_any_route(own: Furnished) -> None:
    with own.ledger() as ledger:
        roles = Roles(ledger, own.clock().now)
        made = roles.add("counsellor", Right, "test")
        roles.save(replace(made, lines=("03-1234-5679",)), "test")
        accounts = Accounts(ledger, own.clock().now, 12)
        token = accounts.sign_in("one", accounts.one_time_password("one", made.id), "-")
    app = create(Console(own.box, own.clock()))
    app.state.news.close()
    client = TestClient(app, follow_redirects=False, headers={"Accept": "*/*"}, cookies={COOKIE: token})
    theirs, hidden = own.calls["counselling"], own.calls["inbound"]
    assert client.get(f"/calls/{theirs}").status_code == 200
    listed = client.get("/calls").text
    assert theirs in listed
    assert hidden not in listed
    assert hidden not in client.get("/live").text
    token_of_forms = re.findall(r'name="csrf" value="([^"]+)"', client.get("/account").text)[0]
    for route in pages(app.routes):
        for method in methods(route):
            if "{call}" in route.path:
                answer = client.request(
                    method, filled(route.path, hidden), data={"csrf": token_of_forms} if method == "POST" else None
                )
                assert answer.status_code == 404, f"{method} {route.path}"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "audio/*", "text/event-stream", ""])
def test_what_is_no_page_gets_401_and_no_redirect(furnished: Furnished, accept: str) -> None:
    client = browser(furnished.box, furnished.clock())
    call = furnished.calls["inbound"]
    for address in (f"/calls/{call}/audio", f"/calls/{call}/waveform", "/live/events?after=x", "/calls?before=x", "/health"):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.text) == (401, "sign in first")


@pytest.mark.parametrize("token", ["", "x", "null", "0", "é", "a" * 5000, "../../etc", '"', "' OR 1=1"])
def test_no_made_up_cookie_is_a_session(furnished: Furnished, token: str) -> None:
    client = browser(furnished.box, furnished.clock())
    answer = client.get("/calls", headers={"Cookie": f"{COOKIE}={token}".encode(), "Accept": "*/*"})
    assert answer.status_code == 401


def test_a_session_that_has_ended_opens_nothing(furnished: Furnished) -> None:
    clock = furnished.clock()
    client = browser(furnished.box, clock, furnished.token)
    assert client.get("/health").status_code == 200
    clock.forward(furnished.box.config.web.session_hours * 3600 + 61)
    assert client.get("/health").status_code == 303


# Roles and what they see

SITE = Config(
    lines=[Line(number="03-1234-5678", name="代表", group="営業"), Line(number="03-1234-5679", group="相談"), Line(number="201")]
)


def test_the_administrators_role_has_every_right_and_no_other_of_the_boxs_own_has() -> None:
    assert BUILT_IN[ADMINISTRATOR].rights == EVERYTHING
    assert all(role.rights < EVERYTHING for role in BUILT_IN.values() if role.id != ADMINISTRATOR)
    assert all(Right.OWN_ACCOUNT in role.rights for role in BUILT_IN.values())


def test_names_that_are_no_rights_any_more_are_passed_over() -> None:
    assert rights_from(["search", "teleport"]) == {Right.SEARCH, Right.OWN_ACCOUNT}


@pytest.mark.parametrize(
    ("lines", "groups", "seen", "unseen"),
    [
        (("0312345678",), (), ("03-1234-5678", "0312345678", "+81312345678"), ("03-1234-5679", "201", None)),
        ((), ("相談",), ("03-1234-5679",), ("03-1234-5678", "201", None)),
        (("201",), ("営業",), ("201", "03-1234-5678"), ("03-1234-5679", None)),
        (("09011112222",), (), ("09011112222",), ("03-1234-5678", None)),
        ((), ("no such group",), (), ("03-1234-5678", "201", None)),
    ],
)
def test_a_limited_role_sees_the_lines_it_names_in_every_spelling(
    lines: tuple[str, ...], groups: tuple[str, ...], seen: tuple[str, ...], unseen: tuple[str | None, ...]
) -> None:
    scope = scope_of(Role(id="x", rights=EVERYTHING, lines=lines, groups=groups), SITE)
    assert scope is not None
    assert all(scope.covers(line) for line in seen)
    assert not any(scope.covers(line) for line in unseen)


def test_a_role_without_limits_sees_everything() -> None:
    assert scope_of(BUILT_IN["operator"], SITE) is None


def test_nobody_gives_a_right_or_a_line_that_they_do_not_have() -> None:
    boss, clerk = BUILT_IN[ADMINISTRATOR], BUILT_IN["operator"]
    of_one = replace(boss, id="one", lines=("201",))
    assert boss.may_give(clerk)
    assert not clerk.may_give(boss)
    assert boss.may_give(of_one)
    assert of_one.may_give(replace(clerk, lines=("201",)))
    assert not of_one.may_give(clerk), "it sees every line"
    assert not of_one.may_give(replace(clerk, lines=("201", "202")))
