"""A page is in the reader's language and the site's zone, and whatever a stranger wrote is text on it, never part of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from appliance.keys import Identity, save_identity
from appliance.lookup import get_call
from appliance.web import i18n
from appliance.web.accounts import Session
from appliance.web.console import Console
from tests.appliance.furnished import Furnished, signed_in
from tests.appliance.hostile import HARMLESS, INVISIBLE, NAMES, NO_TEXT, ring

STRANGE = [pytest.param(name.encode(), id=name[:20].encode("unicode_escape").decode()) for name in NAMES]
STRANGE.append(pytest.param(NO_TEXT, id="bytes"))


class Page(HTMLParser):
    """A page as a browser takes it apart: its tags in order with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *sorted(name for name, _ in attrs)]))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())


def shown(at: Furnished, raw: bytes) -> tuple[str, dict[str, str]]:
    """A call of this stranger: the name we keep, and everything that shows the call."""
    call = ring(at, raw)
    client, console = signed_in(at), Console(at.box, at.clock())
    found = get_call(console.ledger.connection, call)
    assert found is not None
    pages = {name: client.get(path).text for name, path in (("list", "/calls"), ("call", f"/calls/{call}"), ("live", "/live"))}
    return found.caller_name, {**pages, "card": console.card_html("ja", found, Session("admin", "token", False))}


@pytest.fixture(scope="module")
def harmless(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The same pages, where a harmless caller wrote."""
    at = furnished.copy(tmp_path_factory.mktemp("harmless") / "var")
    return {name: Page(page) for name, page in shown(at, HARMLESS)[1].items()}


@pytest.mark.parametrize("raw", STRANGE)
def test_what_a_stranger_writes_is_text_and_nothing_else(own: Furnished, harmless: dict[str, Page], raw: bytes) -> None:
    name, pages = shown(own, raw)
    for place, page in pages.items():
        parsed = Page(page)
        assert parsed.tags == harmless[place].tags, f"{place}: the page has become another one"
        assert name in "\n".join(parsed.text), f"{place}: the name is shown as it was sent"
        assert not INVISIBLE.search(page), f"{place}: holds a character that cannot be seen"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_a_page_names_its_language(furnished: Furnished, language: str) -> None:
    for path in ("/calls", "/live", "/health", "/account", "/nothing-here", f"/calls/{furnished.calls['inbound']}"):
        answer = signed_in(furnished, language).get(path)
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["content-language"] == language
        assert "Accept-Language" in answer.headers["vary"]
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_times_are_those_of_the_sites_zone(furnished: Furnished) -> None:
    began = furnished.call("inbound").started_at
    page = signed_in(furnished).get(f"/calls/{furnished.calls['inbound']}").text
    assert i18n.date_time(began, "ja", ZoneInfo("Asia/Tokyo")) in page


def test_a_template_that_names_nothing_is_an_error_and_no_empty_place(furnished: Furnished) -> None:
    console = Console(furnished.box, furnished.clock())
    with pytest.raises(UndefinedError):
        console.page(Request({"type": "http", "path": "/", "headers": []}), "error.html", None, code=404)


def test_every_thread_has_a_connection_of_its_own_and_keeps_it(own: Furnished) -> None:
    console = Console(own.box, own.clock())
    together = threading.Barrier(4)

    def look(_: int) -> tuple[int, int]:
        together.wait()
        return id(console.ledger), id(console.ledger)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(look, range(4)))
    assert all(first == second for first, second in found)
    assert len({first for first, _ in found}) == 4


def test_the_console_opens_recordings_with_its_own_key_alone(own: Furnished) -> None:
    save_identity(own.box.folders.keys / "customer.key", Identity.new("customer"), own.now)
    assert [identity.name for identity in Console(own.box, own.clock()).identities] == ["playback"]
