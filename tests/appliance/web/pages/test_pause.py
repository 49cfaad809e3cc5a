"""A call under way is paused and resumed from its page by those who may, with their name; a refusal is a sentence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from appliance import tap_control
from appliance.moments import SECOND
from appliance.records import RecordingPaused, RecordingResumed
from appliance.tap_control import RefusedError
from tests.appliance.furnished import PAGE, Furnished, TestClient, browser, signed_in
from tests.fakes import facts


@pytest.fixture
def asked(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the tap was asked; a call is under way."""
    found: list[Any] = []
    for name in ("pause", "resume"):
        monkeypatch.setattr(tap_control, name, lambda run, call, name=name, **words: found.append((name, call, words)))
    with own.ledger() as ledger:
        ledger.append(facts.ringing(at=own.now - 60 * SECOND), facts.answered(at=own.now - 50 * SECOND))
    return found


def csrf(client: TestClient, path: str = f"/calls/{facts.CALL}") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_the_tap_is_asked_with_who_and_why(own: Furnished, asked: list[Any], action: str) -> None:
    client = signed_in(own)
    answer = client.post(f"/calls/{facts.CALL}/{action}", data={"csrf": csrf(client), "why": "card number"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/calls/{facts.CALL}")
    assert asked == [(action, facts.CALL, {"who": "admin", "why": "card number"})]


def test_a_foreign_form_and_a_stranger_pause_nothing(own: Furnished, asked: list[Any]) -> None:
    client = signed_in(own)
    assert client.post(f"/calls/{facts.CALL}/pause", data={"csrf": "guessed"}).status_code == 403
    assert client.post("/calls/..%2fx/pause", data={"csrf": csrf(client)}).status_code == 404
    assert browser(own.box, own.clock()).post(f"/calls/{facts.CALL}/pause", data={"csrf": "x"}).status_code == 401
    assert asked == []


def test_it_leads_back_to_a_page_of_ours_only(own: Furnished, asked: list[Any]) -> None:
    client = signed_in(own)
    for wanted, given in (("/live", "/live"), ("https://evil.example/", "/")):
        answer = client.post(f"/calls/{facts.CALL}/pause", data={"csrf": csrf(client), "next": wanted})
        assert answer.headers["location"] == given


def test_a_refusal_is_the_taps_sentence(own: Furnished, asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: object, call: str, **words: str) -> None:
        raise RefusedError(f"call {call}: is over")

    monkeypatch.setattr(tap_control, "pause", refuse)
    client = signed_in(own)
    answer = client.post(f"/calls/{facts.CALL}/pause", data={"csrf": csrf(client)}, headers={**PAGE, "Accept": "*/*"})
    assert (answer.status_code, answer.text) == (409, f"call {facts.CALL}: is over")


def test_the_pages_say_that_it_is_paused_and_offer_to_go_on(own: Furnished, asked: list[Any]) -> None:
    client = signed_in(own)
    for path in ("/live", f"/calls/{facts.CALL}"):
        text = client.get(path).text
        assert f'action="/calls/{facts.CALL}/pause"' in text
        assert "録音一時停止中" not in text
        assert f'href="/calls/{facts.CALL}/live"' in text
    paused = RecordingPaused(at=own.now - 30 * SECOND, call=facts.CALL, who="admin", how="api", why="<card>", until=None)
    with own.ledger() as ledger:
        ledger.append(paused)
    for path in ("/live", f"/calls/{facts.CALL}"):
        text = client.get(path).text
        assert f'action="/calls/{facts.CALL}/resume"' in text
        assert "録音一時停止中" in text
    assert "&lt;card&gt;" in client.get(f"/calls/{facts.CALL}").text
    with own.ledger() as ledger:
        ledger.append(RecordingResumed(at=own.now - 20 * SECOND, call=facts.CALL, who="", how="limit", why=""))
    assert "録音一時停止中" not in client.get("/live").text
