"""An operator says "I took it", writes a memo and marks it done; nobody else's form does."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.popups import desk
from tests.appliance.furnished import Furnished, TestClient, signed_in


def send(client: TestClient, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/live").text)
    assert found is not None
    answer: httpx.Response = client.post(path, data={"csrf": found[1], **fields})
    return answer


def note(own: Furnished, call: str) -> desk.Note:
    with own.ledger() as ledger:
        return desk.note_of(ledger.connection, call)


def test_a_call_is_taken_noted_and_done(own: Furnished) -> None:
    client, call = signed_in(own), own.calls["inbound"]
    assert send(client, f"/calls/{call}/take").status_code == 303
    assert send(client, f"/calls/{call}/note", memo="<b>折り返し</b>", follow_up="open").headers["location"] == "/live"
    page = client.get("/live").text
    assert "&lt;b&gt;折り返し&lt;/b&gt;" in page
    assert "応対: admin" in page
    send(client, f"/calls/{call}/note", follow_up="done")
    assert note(own, call)[:1] + note(own, call)[2:6] == ("admin", "<b>折り返し</b>", "admin", "done", "admin")


def test_the_missed_call_is_kept_until_it_is_done(own: Furnished) -> None:
    client, call = signed_in(own), own.calls["missed"]
    waiting = client.get("/live").text.split('id="waiting"')[1].split('id="recent"')[0]
    assert call in waiting
    send(client, f"/calls/{call}/note", follow_up="done")
    waiting = client.get("/live").text.split('id="waiting"')[1].split('id="recent"')[0]
    assert call not in waiting


@pytest.mark.parametrize("path", ["take", "note"])
def test_a_form_that_is_not_ours_or_a_call_that_is_not_there_is_refused(own: Furnished, path: str) -> None:
    client = signed_in(own)
    assert client.post(f"/calls/{own.calls['inbound']}/{path}", data={"csrf": "x"}).status_code == 403
    assert send(client, f"/calls/{'a' * 16}/{path}").status_code == 404
    assert send(client, f"/calls/..%2F..%2Fetc/{path}").status_code == 404


def test_one_is_never_led_away(own: Furnished) -> None:
    answer = send(signed_in(own), f"/calls/{own.calls['inbound']}/take", next="https://evil.example/")
    assert answer.headers["location"] == "/"
