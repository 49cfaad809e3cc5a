"""A program keeps the customer book: it searches, reads, writes and takes away."""

from __future__ import annotations

import pytest

from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import program


def test_an_entry_is_made_found_changed_and_taken_away(own: Furnished) -> None:
    bearer = program(own)
    made = bearer.post(
        "/customers", json={"name": "佐藤 太郎", "kana": "サトウタロウ", "numbers": ["+81 90-1234-5678"], "labels": ["得意先"]}
    )
    assert made.status_code == 201
    entry = made.json()
    assert entry["numbers"] == ["09012345678"], "as dialled inside the country"
    for asked in ({"q": "さとう"}, {"q": "0901234"}, {"label": "得意先"}, {}):
        assert [one["id"] for one in bearer.get("/customers", params=asked).json()["customers"]] == [entry["id"]], asked
    assert bearer.get("/customers", params={"which": "blocked"}).json()["customers"] == []
    changed = bearer.put(f"/customers/{entry['id']}", json={"name": "佐藤 太郎", "blocked": True}).json()
    assert (changed["blocked"], changed["numbers"]) == (True, []), "what is left out becomes empty"
    assert bearer.get(f"/customers/{entry['id']}").json() == changed
    assert bearer.delete(f"/customers/{entry['id']}").status_code == 204
    for method in ("GET", "DELETE"):
        assert bearer.request(method, f"/customers/{entry['id']}").status_code == 404
    assert bearer.put(f"/customers/{entry['id']}", json={"name": "x"}).status_code == 404


def test_pages_hold_every_entry_once(own: Furnished) -> None:
    bearer = program(own)
    for number in range(5):
        bearer.post("/customers", json={"name": f"n{number}"})
    pages = [bearer.get("/customers", params={"limit": 2, "page": page}).json() for page in (1, 2, 3)]
    assert [one["name"] for page in pages for one in page["customers"]] == ["n0", "n1", "n2", "n3", "n4"]
    assert [page["next"] for page in pages] == [2, 3, None]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 409), ({"name": " \u200b"}, 409), ({"name": 1}, 422), ({"name": "x", "id": "y"}, 422), ({"name": "x" * 201}, 422),
        ({"name": "x", "numbers": "090"}, 422), ({"name": "x", "important": "yes"}, 422), ([], 422), (None, 422),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_and_nothing_is_kept(own: Furnished, body: object, status: int) -> None:
    bearer = program(own)
    answer = bearer.post("/customers", json=body)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert bearer.get("/customers").json()["customers"] == []
