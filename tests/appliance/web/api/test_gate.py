"""Nothing but a token opens the API, and a token opens nothing but what it has the right to."""

from __future__ import annotations

import pytest

from appliance.web.api.application import PATH
from appliance.web.people import People
from appliance.web.rights import Right
from appliance.web.roles import Roles
from appliance.web.security import COOKIE
from appliance.web.tokens import BEGINNING
from tests.appliance.furnished import PAGE, Furnished
from tests.appliance.web.bearers import client, program, token


def test_no_session_opens_the_api_and_no_token_opens_a_page(own: Furnished) -> None:
    visitor = client(own)
    answer = visitor.get("/calls", headers={"Cookie": f"{COOKIE}={own.token}"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    bearer = client(own, token(own))
    assert bearer.get("/calls").status_code == 200
    for path in ("/calls", f"/calls/{own.calls['inbound']}/audio", "/health", "/users"):
        assert bearer.get(f"http://testserver{path}", headers=PAGE).status_code == 303, path
        assert bearer.get(f"http://testserver{path}", headers={"Accept": "*/*"}).status_code == 401, path


@pytest.mark.parametrize(
    "sent",
    [
        "", "Bearer", "Bearer ", "Bearer x", f"Bearer {BEGINNING}", "Basic YWRtaW46eA==", f"Bearer {BEGINNING}{'a' * 43}", "bearer null",
        "Bearer ' OR 1=1 --", "Bearer é", f"Bearer {'a' * 5000}",
    ],
)  # fmt: skip
def test_no_made_up_token_opens_anything(furnished: Furnished, sent: str) -> None:
    answer = client(furnished).get("/calls", headers={"Authorization": sent.encode()})
    assert answer.status_code == 401
    assert "calls" not in answer.json()


def test_a_token_in_the_address_or_a_cookie_is_none(own: Furnished) -> None:
    secret = token(own)
    visitor = client(own)
    assert visitor.get("/calls", params={"access_token": secret}).status_code == 401
    assert visitor.get("/calls", headers={"Cookie": f"{COOKIE}={secret}; token={secret}"}).status_code == 401


def test_a_token_ends_on_its_day_and_when_somebody_ends_it(own: Furnished) -> None:
    clock = own.clock()
    bearer = client(own, token(own), clock)
    assert bearer.get("/token").status_code == 200
    clock.forward(30 * 24 * 3600 + 1)
    assert bearer.get("/token").status_code == 401


def test_a_token_does_no_more_than_whoever_made_it_may_do_now(own: Furnished) -> None:
    with own.ledger() as ledger:
        roles, people = Roles(ledger, own.clock().now), People(ledger, own.clock().now)
        bearer = client(own, token(own, [Right.SEARCH], account="admin"))
        assert bearer.get("/calls").status_code == 200
        ledger.connection.execute("UPDATE account SET role = 'technician' WHERE name = 'admin'")
        assert bearer.get("/calls").status_code == 403, "the maker may not search any more"
        ledger.connection.execute("UPDATE account SET role = 'administrator' WHERE name = 'admin'")
        assert bearer.get("/calls").status_code == 200
        ledger.connection.execute("UPDATE account SET disabled = 1 WHERE name = 'admin'")
        assert bearer.get("/calls").status_code == 403, "the maker's account is closed"
        assert roles.all() and people.all()


def test_a_token_of_some_lines_sees_no_other_call_by_any_route(own: Furnished) -> None:
    bearer = program(own, lines=("03-1234-5679",))
    theirs, hidden = own.calls["counselling"], own.calls["inbound"]
    assert [call["call"] for call in bearer.get("/calls").json()["calls"]] == [theirs]
    assert bearer.get(f"/calls/{theirs}").status_code == 200
    paths = bearer.get("/openapi.json").json()["paths"]
    bodies = {"marks": {"seconds": 1}, "note": {}, "pause": {}, "resume": {}}
    tried = 0
    for path, operations in paths.items():
        for method in operations:
            if "{call}" in path:
                address = path.format(call=hidden, label="x", mark="0" * 12)
                answer = bearer.request(
                    method, address, json=bodies.get(path.rpartition("/")[2]) if method in ("post", "put") else None
                )
                assert answer.status_code == 404, f"{method} {path}"
                tried += 1
    assert tried >= 9
    assert bearer.get("/completeness").status_code == 403, "it counts every line"


def test_too_many_requests_are_told_when_to_come_again_and_hinder_no_other_token(own: Furnished) -> None:
    settings = own.box.folders.data / "appliance.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[web]\napi_per_minute = 3\n", "utf-8")
    limited = Furnished(type(own.box).at(own.box.folders.data), own.calls, own.now, own.token)
    clock = own.clock()
    one, other = token(limited), token(limited, name="second")
    bearer = client(limited, one, clock)
    assert [bearer.get("/token").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert int(bearer.get("/token").headers["retry-after"]) == 20
    assert bearer.get("/token", headers={"Authorization": f"Bearer {other}"}).status_code == 200
    assert [bearer.get("/token", headers={"Authorization": "Bearer x"}).status_code for _ in range(4)] == [401, 401, 401, 429]
    clock.forward(20)
    assert bearer.get("/token").status_code == 200


def test_a_foreign_page_sends_nothing_to_the_api(own: Furnished) -> None:
    bearer = program(own)
    answer = bearer.post("/customers", json={"name": "x"}, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert bearer.get("/customers").json()["customers"] == []
    assert "access-control-allow-origin" not in bearer.get("/customers", headers={"Origin": "https://evil.example"}).headers


def test_where_the_api_is(furnished: Furnished) -> None:
    assert client(furnished).get("http://testserver/api/v2/calls").status_code == 404
    assert PATH == "/api/v1"
