"""Pages of wings stand behind the rights they name, in the console's layout and language; a stream ends with the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.pages import Answer, Data, Moved, NotHereError, Page, Sheet, Stream, Visit, speaking
from appliance.web import wings
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import rights_of
from tests.appliance.furnished import PAGE, Furnished, TestClient, browser, signed_in
from tests.appliance.web.test_rights import pages as routes_of


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three pages of a wing; returns what became of its stream."""
    template = tmp_path / "flows.html"
    template.write_text('{% extends "base.html" %}{% block main %}<p>{{ _("Health") }} {{ text }}</p>{% endblock %}')
    told: list[str] = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            told.append("closed")

    def sheet(visit: Visit) -> Sheet:
        return Sheet(template, {"text": f"<{visit.account}>{visit.values['name']}"})

    def stream(visit: Visit) -> Stream:
        return Stream("audio/wav", endless())

    def missing(visit: Visit) -> Sheet:
        raise NotHereError("No such flow.")

    pages = [
        Page("flows", "/flows/{name}", ("health",), sheet), Page("sound", "/sound", ("live", "listen"), stream),
        Page("missing", "/missing", ("live",), missing),
    ]  # fmt: skip
    monkeypatch.setattr(wings, "found", lambda: pages)
    return told


def test_a_sheet_fills_the_consoles_layout(furnished: Furnished, offered: list[str]) -> None:
    answer = signed_in(furnished).get("/flows/night")
    assert answer.status_code == 200
    assert "<p>状態 &lt;admin&gt;night</p>" in answer.text
    assert 'class="bar"' in answer.text
    assert "<p>Health" in signed_in(furnished, "en").get("/flows/night").text


def test_nobody_gets_in_without_signing_in(furnished: Furnished, offered: list[str]) -> None:
    client = browser(furnished.box, furnished.clock())
    assert client.get("/flows/night").status_code == 303
    assert client.get("/sound", headers={**PAGE, "Accept": "audio/*"}).status_code == 401


def test_a_page_names_its_rights(furnished: Furnished, offered: list[str]) -> None:
    app = create(Console(furnished.box, furnished.clock()))
    rights = {getattr(route, "path", ""): rights_of(route) for route in routes_of(app.routes)}
    assert rights["/sound"] == {Right.LIVE, Right.LISTEN}
    assert rights["/flows/{name}"] == {Right.HEALTH}


def test_what_is_not_there_is_a_sentence(furnished: Furnished, offered: list[str]) -> None:
    answer = signed_in(furnished).get("/missing", headers={**PAGE, "Accept": "*/*"})
    assert (answer.status_code, answer.text) == (404, "No such flow.")


def test_a_stream_ends_when_the_console_stops(furnished: Furnished, offered: list[str]) -> None:
    client = signed_in(furnished)
    assert isinstance(client, TestClient)
    client.app.state.news.closing = True  # type: ignore[attr-defined]
    assert client.get("/sound").content == b""
    assert offered == ["closed"]


def test_the_consoles_own_pages_find_what_is_offered(furnished: Furnished, offered: list[str]) -> None:
    console = Console(furnished.box, furnished.clock())
    create(console)
    assert console.offer("flows", name="day") == "/flows/day"
    assert console.offer("listen", call="x") == ""


def sends(answer: Answer, seen: list[Visit]) -> list[Page]:
    """A wing with one page that is sent a form, and gives this answer."""

    def take(visit: Visit) -> Answer:
        seen.append(visit)
        return answer

    return [Page("take", "/take", ("health",), take, "POST", 1000)]


@pytest.mark.parametrize(("answer", "status"), [(Data({"a": 1}), 200), (Moved("/take/on"), 303)])
def test_a_form_is_read_and_answered(furnished: Furnished, monkeypatch: pytest.MonkeyPatch, answer: Answer, status: int) -> None:
    seen: list[Visit] = []
    monkeypatch.setattr(wings, "found", lambda: sends(answer, seen))
    client = signed_in(furnished)
    csrf = re.findall(r'name="csrf" value="([^"]+)"', client.get("/account").text)[0]
    given = client.post("/take?a=b", data={"csrf": csrf, "word": ["x", "y"]}, files={"file": ("n.txt", b"bytes")})
    assert given.status_code == status
    assert seen[0].form["word"] == "x\ny"
    assert (seen[0].file, seen[0].query) == (("n.txt", b"bytes"), {"a": "b"})


def test_a_form_that_is_foreign_or_too_large_reaches_no_page(furnished: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Visit] = []
    monkeypatch.setattr(wings, "found", lambda: sends(Data({}), seen))
    client = signed_in(furnished)
    assert client.post("/take", data={"csrf": "x"}).status_code == 403
    assert client.post("/take", data={"csrf": "x" * 2000}).status_code == 413
    assert browser(furnished.box, furnished.clock()).post("/take", headers={"Accept": "*/*"}).status_code == 401
    assert seen == []


def test_a_wing_speaks_its_own_words() -> None:
    words = {"%(n)s flows": "フロー %(n)s 個"}
    assert speaking(words, "ja")("%(n)s flows", n=2) == "フロー 2 個"
    assert speaking(words, "en")("%(n)s flows", n=2) == "2 flows"
