"""応対力 in a real browser, driven by real SIP calls on a mirrored LAN: the card names the customer while it rings, two people
see who took it, a memo survives a card that changes under the writer's hands, and an unknown caller is registered in one step.

Real parts: SIPp, network namespaces, AF_PACKET, all services as processes, Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import needs
from tests.bed import browser
from tests.bed.house import SETTINGS, House, wait_for
from tests.bed.lan import Lan
from tests.bed.sipp import Call, Talk

pytestmark = [needs.namespaces(), needs.program("sipp", "chromium", "ethtool")]
TABLE = """顧客番号,名前,フリガナ,会社名,電話番号,ラベル,重要,着信拒否,メモ
A-17,高橋 一,タカハシ ハジメ,高橋工務店,090-1111-2222,得意先,1,,納期に厳しい
,高橋 花子,タカハシ ハナコ,高橋工務店,090-1111-2222,,,,
,<img src=x onerror=alert(1)>,,,090-6666-6666,,,1,
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lan, House]]:
    """A mirrored LAN and a box with customers."""
    folder = tmp_path_factory.mktemp("popup")
    (folder / "customers.csv").write_bytes(TABLE.encode("cp932"))
    settings = SETTINGS + '[popup]\ncrm_url = "https://crm.example/c/{code}"\n'
    with Lan() as lan, House(folder / "var", lan.names["box"], settings) as house:
        house.command("customers", "import", str(folder / "customers.csv"))
        yield lan, house


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser.chromium() as running:
        yield running


def talk(caller: str, seconds: float = 8.0) -> Talk:
    silence = b"\xff" * int(8000 * seconds)
    return Talk(caller=caller, called="0312345678", caller_payload=silence, called_payload=silence, talk_ms=int(seconds * 1000))


def looking(page: Page, house: House, name: str) -> None:
    """Sign in and open the page of cards."""
    browser.sign_in(page, house.address, house.command("web", "password", name, "--role", "manager").strip(), name)
    page.goto(f"{house.address}/live")
    expect(page.locator("[data-state=on]")).to_be_visible()


def test_the_card_names_the_customer_and_everybody_sees_who_took_it(place: tuple[Lan, House], chromium: Browser) -> None:
    lan, house = place
    with browser.page(chromium) as mine, browser.page(chromium, locale="en-US") as theirs:
        looking(mine, house, "sato")
        looking(theirs, house, "ito")
        with Call(lan, talk("09011112222")) as call:
            card = mine.locator("#open .card")
            expect(card).to_have_count(1)
            expect(card.locator(".person")).to_have_count(2)
            expect(card).to_contain_text("高橋 一")
            expect(card).to_contain_text("タカハシ ハジメ")
            expect(card).to_contain_text("納期に厳しい")
            expect(card).to_contain_text("代表")
            expect(card).to_have_class("card answered inbound important")
            assert card.get_by_text("CRM で開く").get_attribute("href") == "https://crm.example/c/A-17"
            card.locator("summary").click()
            card.locator("textarea").press_sequentially("折り返し")
            theirs.locator("#open .card button.main", has_text="I took it").click()
            expect(card).to_contain_text("応対: ito")
            assert card.locator("textarea").input_value() == "折り返し", "what is being written stays"
            mine.keyboard.type("ください")
            card.locator("[name=follow_up][type=checkbox]").check()
            browser.pictures(mine, "popup-card")
            card.locator(".noting button").click()
            expect(theirs.locator("#open .card")).to_contain_text("折り返しください")
            call.wait()
        expect(mine.locator("#waiting .card")).to_contain_text("折り返しください")
        theirs.locator("#waiting .card button[name=follow_up]").first.click()
        expect(mine.locator("#recent .card").first).to_contain_text("対応済み")
        browser.pictures(mine, "popup-after")


def test_two_calls_at_once_stand_side_by_side_and_a_hostile_name_is_text(place: tuple[Lan, House], chromium: Browser) -> None:
    lan, house = place
    with browser.page(chromium) as page:
        looking(page, house, "sato")
        with Call(lan, talk("09066666666")) as first:
            expect(page.locator("#open .card.blocked")).to_contain_text("<img src=x onerror=alert(1)>")
            expect(page.locator("#open img")).to_have_count(0)
            with Call(lan, talk("0661234567", 4.0), port=5070, media=30000) as second:
                expect(page.locator("#open .card")).to_have_count(2)
                boxes = [card.bounding_box() for card in page.locator("#open .card").all()]
                assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"]
                browser.pictures(page, "popup-two")
                second.wait()
            first.wait()


def test_an_unknown_caller_is_registered_in_one_step_and_known_at_once(place: tuple[Lan, House], chromium: Browser) -> None:
    lan, house = place
    with browser.page(chromium) as page, browser.page(chromium) as other:
        looking(page, house, "sato")
        looking(other, house, "ito")
        with Call(lan, talk("08033334444")) as call:
            page.locator("#open .card").get_by_text("登録する").click()
            expect(page.locator("textarea[name=numbers]")).to_have_value("080-3333-4444\n")
            page.fill("[name=name]", "新しい客")
            page.click("[name=do][value=save]")
            page.wait_for_url("**/live")
            expect(other.locator("#open .card")).to_contain_text("新しい客")
            call.wait()
        wait_for("the end of the call", lambda: all(found.ended_at for found in house.calls()))


def test_a_call_in_the_background_is_a_notification(place: tuple[Lan, House], chromium: Browser) -> None:
    lan, house = place
    with browser.page(chromium) as page:
        page.context.grant_permissions(["notifications"], origin=house.address)
        looking(page, house, "sato")
        page.evaluate(
            """() => {
                Object.defineProperty(document, 'hidden', { get: () => true });
                window.told = [];
                window.Notification = class {
                    static permission = 'granted';
                    constructor(title, rest) { window.told.push([title, rest.body]); }
                    addEventListener() {}
                };
            }"""
        )
        with Call(lan, talk("09011112222", 2.0)) as call:
            told = wait_for("the notification", lambda: page.evaluate("window.told"))
            call.wait()
        assert told == [["高橋 一", "呼出中 代表"]]


def test_it_can_be_installed(place: tuple[Lan, House], chromium: Browser) -> None:
    _, house = place
    with browser.page(chromium) as page:
        looking(page, house, "sato")
        session = page.context.new_cdp_session(page)
        found = session.send("Page.getAppManifest")
        assert found["errors"] == []
        assert '"start_url": "/live"' in found["data"]


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True), (True, False), (False, True)])
def test_the_pages_of_the_book_fit_every_screen(
    place: tuple[Lan, House], chromium: Browser, dark: bool, phone: bool, tmp_path: Path
) -> None:
    _, house = place
    tag = f"{'dark' if dark else 'light'}-{'phone' if phone else 'desk'}"
    with browser.page(chromium, dark=dark, phone=phone) as page:
        looking(page, house, "sato")
        paths = {
            "customers": "/customers",
            "import": "/customers/import",
            "new": "/customers/new",
            "duplicates": "/customers/duplicates",
        }
        for name, path in paths.items():
            page.goto(house.address + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            browser.picture(page, f"{tag}-{name}")
        page.goto(f"{house.address}/customers?q=はじめ")
        page.click("tbody a")
        browser.picture(page, f"{tag}-customer")
        page.goto(f"{house.address}/customers/import")
        (tmp_path / "more.csv").write_bytes(TABLE.replace("A-17", "B-1").encode("cp932"))
        page.set_input_files("[name=table]", tmp_path / "more.csv")
        page.click("main button.main")
        expect(page.locator(".mapping")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.picture(page, f"{tag}-preview")
