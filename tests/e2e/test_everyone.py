"""Every page can be used by everybody: axe finds nothing to complain of in real Chromium, light and dark; and the first page is light.

The pages are read from the console's own routes, so that a new one is looked at without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from appliance.clock import SystemClock
from appliance.customers.entry import Customer
from appliance.ledger import Ledger
from appliance.library import marks, register
from appliance.lookup import get_recording
from appliance.moments import SECOND
from appliance.popups import desk
from appliance.records import RecordingLabelled
from appliance.web.accounts import Accounts
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import Right, Role, rights_from
from appliance.web.security import COOKIE
from appliance.web.tokens import Tokens
from tests import needs
from tests.appliance.furnished import Furnished, furnish, open_session, serving
from tests.appliance.web.test_rights import VALUES, pages
from tests.bed import browser
from tests.fakes import facts

pytestmark = needs.program("chromium")
HEAVIEST = 100_000
"""Bytes of the first page with all that it loads, as they are before any compression."""
RULES: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What a dark page can have wrong that the light one has not: the document is the same."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A console with something on every page, and who is signed in."""

    url: str
    paths: tuple[str, ...]
    token: str


def fill(at: Furnished) -> str:
    """Something for every page to show; returns the session's token."""
    clock = SystemClock()
    with Ledger.open(at.box.folders.ledger) as ledger:
        console = Console(at.box, clock)
        token = open_session(Accounts(ledger, clock.now, 12), "boss")
        Accounts(ledger, clock.now, 12).one_time_password("suzuki", "manager")
        now, call = clock.now(), at.calls["inbound"]
        recording = get_recording(ledger.connection, call)
        assert recording is not None
        ledger.append(facts.ringing(at=now - 5 * SECOND, line="03-1234-5678"))
        ledger.append(RecordingLabelled(at=now, recording=recording.facts.recording, label="苦情", labelled=True, who="boss"))
        marks.put(ledger, recording, 1.0, "納期の話", "boss", now)
        register.ask(ledger, recording.facts.recording, "suzuki", "listen", "苦情の確認", now)
        desk.write(ledger, at.calls["missed"], "boss", "折り返し", "open", now)
        for _twice in range(2):
            console.book.save(
                Customer(
                    name="佐藤 太郎",
                    kana="サトウ タロウ",
                    company="さくら",
                    numbers=("0312345678",),
                    labels=("得意先",),
                    important=True,
                ),
                "boss",
            )
        role = Role(id="", rights=rights_from([Right.SEARCH]), lines=("03-1234-5678",))
        Tokens(ledger, clock.now).make("crm", role, 30, "boss", "boss")
    return token


def is_page(client: httpx.Client, path: str) -> bool:
    """Whether there is a page at this address, and no file, stream or part of a page; one that says that nothing is there is one too."""
    with client.stream("GET", path) as answer:
        if answer.status_code not in (200, 404) or not answer.headers.get("content-type", "").startswith("text/html"):
            return False
        return next(answer.iter_text(), "").lstrip().lower().startswith("<!doctype")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The console of a box with real calls."""
    folder = tmp_path_factory.mktemp("everyone")
    at = furnish(folder / "var")
    token = fill(at)
    with Ledger.open(at.box.folders.ledger) as ledger:
        customer = ledger.connection.execute("SELECT id FROM customer").fetchone()["id"]
    values = {**VALUES, "name": "suzuki", "customer": customer, "call": at.calls["inbound"]}
    routes = [route.path for route in pages(create(Console(at.box, SystemClock())).routes) if "GET" in (route.methods or ())]
    known = [path.format(**{name: values.get(name, "none") for name in re.findall(r"{(\w+)}", path)}) for path in routes]
    more = [
        "/users/roles/new",
        "/customers/new",
        "/calls?number=99999999&line=x",
        f"/calls/{at.calls['missed']}",
        "/calls/aaaaaaaaaaaaaaaa",
    ]
    with serving(at.box, folder / "errors") as served, served.client(token) as client:
        yield Seen(served.url, tuple(path for path in dict.fromkeys((*known, *more)) if is_page(client, path)), token)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser.chromium() as running:
        yield running


def complaints(page: Page, axe: Axe, options: dict[str, Any], where: str) -> list[str]:
    """What axe has to say of this page: rule, element and why."""
    found = axe.run(page, options=options).response["violations"]
    return [f"{where}: {one['id']}: {node['html'][:160]} ({node['failureSummary']})" for one in found for node in one["nodes"]]


def test_axe_finds_nothing_on_any_page_light_or_dark(seen: Seen, chromium: Browser) -> None:
    axe, found = Axe(), list[str]()
    with browser.page(chromium, allowed="(Not Found)") as page:
        for path in ("/sign-in", "/sign-in/code"):
            page.goto(seen.url + path)
            found += complaints(page, axe, RULES, path)
        page.context.add_cookies([{"name": COOKIE, "value": seen.token, "url": seen.url}])
        for path in seen.paths:
            page.goto(seen.url + path)
            if page.locator("details:not([open])").count():
                page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            found += complaints(page, axe, RULES, path)
            page.emulate_media(color_scheme="dark")
            found += complaints(page, axe, COLOURS, f"{path} (dark)")
            page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)
    assert {"/calls", "/live", "/customers", "/health", "/users", "/users/tokens", "/account", "/register"} <= set(seen.paths)
    assert len(seen.paths) >= 20


@pytest.mark.parametrize("path", ["/sign-in", "/calls", "/live"])
def test_the_first_page_with_all_that_it_loads_is_light_and_from_here(seen: Seen, chromium: Browser, path: str) -> None:
    """As a browser gets it that was never here, before any compression."""
    loaded: dict[str, int] = {}
    with browser.page(chromium) as page:
        page.context.add_cookies([{"name": COOKIE, "value": "" if path == "/sign-in" else seen.token, "url": seen.url}])

        def note(request: Request) -> None:
            response = request.response()
            if response is not None and "/live/events" not in request.url:
                loaded[request.url] = len(response.body())

        page.on("requestfinished", note)
        page.goto(seen.url + path)
        page.wait_for_load_state("load")
        expect(page.locator("main")).to_be_visible()
        page.wait_for_function("document.fonts.status === 'loaded'")
    assert all(url.startswith(seen.url) for url in loaded), loaded
    assert any(url.endswith("console.css") for url in loaded)
    assert sum(loaded.values()) < HEAVIEST, loaded
