"""A manager's afternoon in a real browser: a role is made, an account gets it, its owner signs in with a second factor and sees no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests import needs
from tests.bed import browser
from tests.bed.house import House

pytestmark = needs.program("chromium")
SETTINGS = (Path(__file__).parents[2] / "appliance" / "demo" / "appliance.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An empty box."""
    with House(tmp_path_factory.mktemp("users") / "var", settings=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser.chromium() as running:
        yield running


def test_a_role_an_account_and_its_owner(house: House, chromium: Browser) -> None:
    password = house.command("web", "password").strip()
    with browser.page(chromium) as page:
        browser.sign_in(page, house.address, password)
        page.goto(f"{house.address}/users/roles/new")
        page.fill("[name=name]", "相談員")
        page.check("[name=rights][value=search]")
        page.check("[name=lines][value='03-1234-5679']")
        browser.picture(page, "users-role")
        page.click("[name=do][value=save]")
        page.fill("main [name=name]", "ito")
        page.select_option("main [name=role]", label="相談員")
        page.click("main button.main")
        given = page.inner_text(".secret")
        browser.picture(page, "users-person")
    with browser.page(chromium, allowed="403 (Forbidden)") as page:
        browser.sign_in(page, house.address, given, "ito")
        expect(page.locator("header nav a")).to_have_count(1)
        page.goto(f"{house.address}/users")
        expect(page.locator("h1")).to_have_text("許可されていません。")
        page.goto(f"{house.address}/account")
        page.click("[name=do][value=begin]")
        secret = page.inner_text(".secret")
        page.fill("[name=code]", pyotp.TOTP(secret).now())
        page.fill("section:has([name=code]) [name=old]", "a lasting password")
        page.click("[name=do][value=on]")
        expect(page.locator("[name=do][value=off]")).to_be_visible()
        page.click("header .who button")
        page.fill("[name=name]", "ito")
        page.fill("[name=password]", "a lasting password")
        page.click("main button")
        expect(page.locator("[name=code]")).to_be_visible()
        browser.picture(page, "users-code")
        page.goto(f"{house.address}/calls")
        expect(page.locator("[name=password]")).to_be_visible()
        page.goto(f"{house.address}/sign-in/code")
        page.fill("[name=code]", pyotp.TOTP(secret).at(int(time.time()) + 30))
        page.click("main button")
        page.wait_for_url("**/calls")


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True), (True, False), (False, True)])
def test_the_pages_fit_every_screen(house: House, chromium: Browser, dark: bool, phone: bool) -> None:
    password = house.command("web", "password").strip()
    tag = f"{'dark' if dark else 'light'}-{'phone' if phone else 'desk'}"
    with browser.page(chromium, dark=dark, phone=phone) as page:
        browser.sign_in(page, house.address, password)
        for name, path in {
            "users": "/users",
            "person": "/users/people/admin",
            "role": "/users/roles/manager",
            "account": "/account",
        }.items():
            page.goto(house.address + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            browser.picture(page, f"{tag}-{name}")
