"""Every route names a right or stands on the short list of open ones, and without a session no right is granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import Mount

from appliance.box import Box
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import EVERYTHING, Right
from appliance.web.security import COOKIE, rights_of
from tests.appliance.furnished import Furnished, browser
from tests.fakes.clock import FakeClock

OPEN = {("/", "GET"), ("/sign-in", "GET"), ("/sign-in", "POST"), ("/metrics", "GET")}
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


@pytest.fixture
def app(box: Box) -> FastAPI:
    return create(Console(box, FakeClock()))


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # GET and HEAD of the audio are one function
def test_we_see_every_route_that_there_is(app: FastAPI) -> None:
    listed = get_openapi(title="-", version="-", routes=app.routes)["paths"]
    ours = {(route.path, method) for route in pages(app.routes) for method in methods(route)}
    assert ours == {(path, method.upper()) for path, operations in listed.items() for method in operations}
    assert len(ours) > 10
    assert [(type(route), route.path) for route in app.routes if hasattr(route, "path")] == [(Mount, "/static")]


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
    allowed: dict[str, set[str]] = {}
    for route in pages(app.routes):
        allowed.setdefault(route.path, set()).update(methods(route))
    tried = 0
    for route in pages(app.routes):
        address = route.path.replace("{call}", call)
        for method in METHODS:
            if (route.path, method) in OPEN:
                continue
            answer = client.request(method, address)
            if method not in allowed[route.path]:
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
