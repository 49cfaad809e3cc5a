"""What the desk does beyond the card, in a real browser: a slow CRM fills a card in later; a person's calls are packed, fetched and erased.

Real parts: the console, the service behind the cards, the janitor and the uploader as processes, HTTP, Chromium. Calls are rows here; that
cards follow real SIP is `test_popup.py`'s.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appliance import doorbell, ids
from appliance.clock import SystemClock
from appliance.popups.integrations import SECRETS
from appliance.web.security import COOKIE
from tests import needs
from tests.appliance.furnished import Furnished, furnish, program, replace_settings, serving, session_now, until
from tests.bed import browser
from tests.bed.crm import Asked, Crm, crm
from tests.fakes import facts

pytestmark = [needs.program("chromium")]
SETTINGS = """
[[popup.integrations]]
name = "kintone"
kind = "kintone"
deadline_seconds = 30.0
options = {{ url = "{url}", app = 7, number_fields = ["TEL"], name_field = "氏名", company_field = "会社", memo_field = "メモ" }}
"""
RECORD = {
    "$id": {"value": "42"}, "氏名": {"value": "高橋 一"}, "会社": {"value": "高橋工務店"}, "メモ": {"value": "納期に厳しい"},
}  # fmt: skip


class Slow:
    """A CRM that answers when it is told to."""

    def __init__(self) -> None:
        self.answer = threading.Event()

    def __call__(self, asked: Asked) -> tuple[int, Any]:
        self.answer.wait(60)
        return 200, {"records": [RECORD]}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Furnished, Page, str, Slow, Crm]]:
    """A furnished box with every service that is needed, and somebody signed in at its console."""
    slow = Slow()
    with ExitStack() as stack:
        system = stack.enter_context(crm(slow))
        own = replace_settings(furnish(tmp_path / "var"), SETTINGS.format(url=system.url))
        secrets = own.box.folders.keys / SECRETS
        secrets.write_text("[kintone]\ntoken = tok3n\n")
        secrets.chmod(0o600)
        data = ("--data", str(own.box.folders.data))
        for words in (("popups", "run"), ("janitor", "run"), ("uploader", "run")):
            stack.enter_context(program(*words, *data, errors=tmp_path / f"{words[0]}.err"))
        served = stack.enter_context(serving(own.box, tmp_path / "web.err"))
        until("the service behind the cards", lambda: doorbell.answers(own.box.folders.run / "popups.sock"))
        page = stack.enter_context(browser.page(stack.enter_context(browser.chromium())))
        page.context.add_cookies([{"name": COOKIE, "value": session_now(own.box), "url": served.url}])
        yield own, page, served.url, slow, system
        slow.answer.set()


def test_a_card_is_there_before_the_crm_answers_and_a_person_gets_and_then_loses_their_calls(
    place: tuple[Furnished, Page, str, Slow, Crm],
) -> None:
    own, page, url, slow, system = place
    page.goto(f"{url}/live")
    expect(page.locator("[data-state=on]")).to_be_visible()
    until("the service's first look", lambda: _has_begun(own))
    with own.ledger() as ledger:
        now, number = SystemClock().now(), "09077778888"
        ledger.append(facts.ringing(call=ids.hash_id("desk"), at=now, line=None, caller=number, caller_e164=f"+81{number[1:]}"))
    doorbell.ring(own.box.folders.run)
    card = page.locator("#open .card")
    expect(card).to_contain_text("090-7777-8888")
    until("the question at the CRM", lambda: system.asked)
    expect(card.locator(".found")).to_have_count(0)
    slow.answer.set()
    expect(card.locator(".found")).to_contain_text("高橋工務店高橋 一 kintone")
    expect(card).to_contain_text("納期に厳しい")
    assert card.get_by_role("link", name="kintone").get_attribute("href") == f"{system.url}/k/7/show#record=42"
    browser.pictures(page, "desk-card")
    _disclosed(own, page, url)
    _erased(own, page, url)


def _has_begun(own: Furnished) -> bool:
    with own.ledger() as ledger:
        return ledger.connection.execute("SELECT 1 FROM place WHERE reader = 'popups'").fetchone() is not None


def _disclosed(own: Furnished, page: Page, url: str) -> None:
    page.goto(f"{url}/disclosures")
    page.fill("[name=number]", "090-1234-5678")
    page.click("button[value=look]")
    page.fill("form.stack [name=why]", "請求 12")
    browser.pictures(page, "desk-disclosure")
    page.click("button[value=pack]")
    fetch = page.get_by_role("button", name="受け取る")
    expect(fetch).to_be_visible(timeout=60_000)
    browser.pictures(page, "desk-packages")
    with page.expect_download() as download:
        fetch.click()
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert [name for name in names if name.endswith("audio.flac")] and any(name.endswith("calls.csv") for name in names)
    page.reload()
    expect(page.locator("main")).to_contain_text("受け取り済み")


def _erased(own: Furnished, page: Page, url: str) -> None:
    page.goto(f"{url}/erase")
    page.fill("[name=number]", "090-1234-5678")
    page.fill("[name=why]", "事案 7")
    page.click("button[value=look]")
    expect(page.locator("main")).to_contain_text("消えるもの")
    browser.pictures(page, "desk-erase-plan")
    page.check("[name=sure]")
    page.click("button[value=erase]")
    expect(page.locator("main")).to_contain_text("消去しました", timeout=60_000)
    expect(page.locator("main")).to_contain_text("署名は有効です")
    browser.pictures(page, "desk-erase-done")
    with own.ledger() as ledger:
        assert "09012345678" not in "".join(row["body"] for row in ledger.connection.execute("SELECT body FROM record"))
