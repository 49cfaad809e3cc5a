"""A passkey in real Chromium, with the browser's virtual authenticator (CDP, WebAuthn domain): added, signed in with, removed."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.web.accounts import Accounts
from appliance.web.security import COOKIE
from tests import needs
from tests.appliance.furnished import PASSWORD, open_session, serving
from tests.bed import browser

pytestmark = needs.program("chromium")


def plug_in(page: Page) -> None:
    """A device whose owner is there and shows it."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_opens_the_console_and_is_removed(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    with Ledger.open(box.folders.ledger) as ledger:
        token = open_session(Accounts(ledger, SystemClock().now, 12))
    with serving(box, tmp_path / "errors") as served, browser.chromium() as chromium:
        address = served.url.replace("127.0.0.1", "localhost")
        with browser.page(chromium, allowed="Failed to load resource") as page:
            plug_in(page)
            page.context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
            page.goto(f"{address}/account")
            form = page.locator("form[data-passkey=add]")
            form.locator("[name=name]").fill("事務所のPC")
            form.locator("[name=old]").fill("wrong")
            form.locator("button").click()
            expect(form.locator("[role=alert]")).to_be_visible()
            form.locator("[name=old]").fill(PASSWORD)
            form.locator("button").click()
            expect(page.locator("#passkeys li")).to_contain_text("事務所のPC")
            browser.pictures(page, "passkeys")
            page.click("header .who button")
            page.wait_for_url("**/sign-in")
            browser.pictures(page, "passkeys-sign-in")
            page.goto(f"{address}/sign-in?next=/account")
            page.click("form[data-passkey=sign-in] button")
            page.click("#passkeys li button")
            expect(page.locator("#passkeys li")).to_have_count(0)
            page.click("header .who button")
            page.wait_for_url("**/sign-in")
            page.click("form[data-passkey=sign-in] button")
            expect(page.locator("form[data-passkey=sign-in] [role=alert]")).to_be_visible()
            page.goto(f"{address}/users")
            expect(page.locator("[name=password]")).to_be_visible()
