"""The matrix of the API: every route × every right, read from the routes themselves, so that a new one without a right fails here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from appliance.web.api.application import create
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import rights_of
from appliance.web.tokens import OFFERED
from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import client, token

OPEN = {"/openapi.json"}
BODIES = {"marks": {"seconds": 1}, "customers": {"name": "x"}, "{customer}": {"name": "x"}}


def routes_of(routes: Iterable[Any]) -> Iterator[Route]:
    """Every route, those of included routers too."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from routes_of(router.routes)


@pytest.fixture
def api(furnished: Furnished) -> FastAPI:
    return create(Console(furnished.box, furnished.clock()))


def operations(api: FastAPI) -> list[tuple[str, str, Right]]:
    """Path, method and right of everything that the API does."""
    found = [route for route in routes_of(api.routes) if isinstance(route, APIRoute)]
    return [(route.path, method, right) for route in found for method in sorted(route.methods or ()) for right in rights_of(route)]


def test_every_route_names_one_right_or_is_the_description(api: FastAPI) -> None:
    for route in routes_of(api.routes):
        named = rights_of(route)
        assert len(named) == (0 if route.path in OPEN else 1), f"{route.path} names {named}"
    listed = {(path, method.upper()) for path, found in api.openapi()["paths"].items() for method in found}
    assert listed == {(path, method) for path, method, _right in operations(api)}
    assert len(listed) > 15


def test_a_token_is_offered_just_the_rights_that_open_something(api: FastAPI) -> None:
    assert {right for _path, _method, right in operations(api)} == {*OFFERED, Right.OWN_ACCOUNT}


@pytest.mark.parametrize("right", OFFERED, ids=str)
def test_a_right_opens_its_own_routes_and_no_other(own: Furnished, api: FastAPI, right: Right) -> None:
    bearer = client(own, token(own, [right]))
    nobody = client(own)
    values = {"call": own.calls["inbound"], "customer": "0" * 16, "label": "x", "mark": "0" * 12}
    tried = {True: 0, False: 0}
    for path, method, needed in operations(api):
        address = path.format(**{name: values[name] for name in re.findall(r"{(\w+)}", path)})
        body = BODIES.get(path.rpartition("/")[2], {}) if method in ("POST", "PUT") and "label" not in path else None
        answer = bearer.request(method, address, json=body)
        has_it = needed in (right, Right.OWN_ACCOUNT)
        refused = answer.status_code == 403 and "does not have the right" in answer.json()["detail"]
        assert refused != has_it, f"{method} {path} needs {needed}: {answer.status_code} {answer.text[:80]}"
        assert answer.status_code < 500
        assert nobody.request(method, address, json=body).status_code == 401
        tried[has_it] += 1
    assert tried[True] >= 2
    assert tried[False]
