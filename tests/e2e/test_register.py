"""Two people in two real browsers: one asks to hear a recording and says why, the other allows it, and both stand in the register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import needs
from tests.bed import browser
from tests.bed.house import House

pytestmark = needs.program("chromium")
DEMO = Path(__file__).parents[2] / "appliance" / "demo"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A box that demands an approval."""
    settings = (DEMO / "appliance.toml").read_text("utf-8") + "\n[register_of_access]\napprove_listening = true\n"
    with House(tmp_path_factory.mktemp("register") / "var", settings=settings) as running:
        running.command("replay", str(DEMO / "samples" / "inbound" / "capture.pcap"))
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser.chromium() as running:
        yield running


def test_one_asks_another_allows_and_the_register_knows(house: House, chromium: Browser) -> None:
    with browser.page(chromium) as sato, browser.page(chromium) as boss:
        browser.sign_in(sato, house.address, house.command("web", "password", "sato", "--role", "manager").strip(), "sato")
        browser.sign_in(boss, house.address, house.command("web", "password").strip())
        sato.click("tbody .when a")
        expect(sato.locator("#player")).to_have_count(0)
        sato.fill("[name=why]", "お客様からの問い合わせの確認")
        browser.picture(sato, "register-ask")
        sato.click("main button.main")
        expect(sato.locator("main")).to_contain_text("承認待ち")
        boss.goto(f"{house.address}/requests")
        browser.pictures(boss, "register-requests")
        boss.click("[name=do][value=allow]")
        sato.reload()
        expect(sato.locator("#player.ready")).to_be_visible()
        sato.keyboard.press("Space")
        expect(sato.locator("#player.playing")).to_be_visible()
        boss.goto(f"{house.address}/register")
        for said in ("お客様からの問い合わせの確認", "許可", "再生"):
            expect(boss.locator("tbody")).to_contain_text(said)
        browser.pictures(boss, "register")
        boss.goto(f"{house.address}/completeness")
        browser.pictures(boss, "completeness")
