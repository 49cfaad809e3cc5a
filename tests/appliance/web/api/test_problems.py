"""Every error of the API has the same form, says what to do, and never repeats what was sent."""

from __future__ import annotations

import pytest

from appliance.web.security import MOST_BYTES
from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import program


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/calls/aaaaaaaaaaaaaaaa", 404), ("GET", "/calls/x", 422), ("GET", "/nothing", 404), ("GET", "/customers/a%0Ab", 404),
        ("PATCH", "/customers", 405), ("GET", "/calls?limit=x", 422), ("POST", "/customers", 422),
    ],
)  # fmt: skip
def test_an_error_is_a_problem_document(own: Furnished, method: str, path: str, status: int) -> None:
    answer = program(own).request(method, path)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == status
    assert told["detail"]


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"{", b"", b'{"name": "\\ud800"}', b'{"name": NaN}', b"[" * 100_000, b'"' + b"x" * 100]
)
def test_no_body_breaks_it_and_none_is_repeated(own: Furnished, body: bytes) -> None:
    answer = program(own).post("/customers", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "xxxx" not in answer.text


def test_a_method_that_is_not_there_is_told_those_that_are(own: Furnished) -> None:
    bearer = program(own)
    assert bearer.request("PATCH", f"/customers/{'0' * 16}").headers["allow"] == "DELETE, GET, PUT"
    assert bearer.put("/customers").headers["allow"] == "GET, POST"


def test_more_than_anything_takes_is_not_read_into_memory(own: Furnished) -> None:
    answer = program(own).post(
        "/customers", content=b'{"name": "' + b"x" * MOST_BYTES + b'"}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
