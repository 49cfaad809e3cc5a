"""A technician's hour in a real browser: a flow is begun, written with faults and without, tried by a caller, published and taken back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests import needs
from tests.bed import browser
from tests.bed.house import House
from tests.ivr_flows.console.conftest import SETTINGS
from tests.ivr_flows.console.test_flows import SILENT

pytestmark = needs.program("chromium")


def test_a_flow_from_its_first_word_to_its_rollback(tmp_path: Path) -> None:
    with House(tmp_path / "var", settings=SETTINGS) as house, browser.chromium() as chromium:
        password = house.command("web", "password").strip()
        with browser.page(chromium) as page:
            browser.sign_in(page, house.address, password)
            page.click("header nav a[href='/phone']")
            browser.pictures(page, "phone-overview")
            page.click(".tabs a[href='/phone/flows']")
            page.fill("[name=flow]", "main")
            page.click("main button.main")
            page.wait_for_url("**/phone/flows/main")
            expect(page.locator(".gutter span")).to_have_count(len(page.input_value("[name=text]").split("\n")))
            browser.pictures(page, "phone-flow")
            page.goto(f"{house.address}/phone/hours?year=2027")
            browser.pictures(page, "phone-hours")
            page.go_back()

            page.fill("[name=text]", SILENT.replace("busy: end", "busy: nowhere"))
            fault = page.locator(".findings li.error a")
            expect(fault).to_have_count(1)
            expect(page.locator(".gutter .error")).to_have_text("5")
            expect(page.locator(".kept")).to_have_text("下書きを保存しました")
            fault.click()
            before = "document.activeElement.value.slice(0, document.activeElement.selectionStart)"
            selected = page.evaluate(f"[document.activeElement.name, {before}]")
            assert selected[0] == "text" and selected[1].count("\n") == 4
            browser.picture(page, "phone-flow-fault")

            page.fill("[name=text]", SILENT)
            expect(page.locator(".findings li.good")).to_be_visible()
            page.focus("[name=text]")
            page.evaluate("document.querySelector('[name=text]').setSelectionRange(0, 0)")
            page.keyboard.press("Tab")
            assert page.input_value("[name=text]").startswith("  flow")
            page.keyboard.press("Shift+Tab")
            assert page.input_value("[name=text]") == SILENT
            page.fill(".simulator [name=at]", "2027-01-06T11:00")
            page.select_option(".simulator [name=answered]", "no")
            page.click(".simulator button")
            expect(page.locator(".walk .steps li")).to_have_count(2)
            expect(page.locator(".walk .rung")).to_have_text("group:front")
            expect(page.locator(".picture .node.on")).to_have_count(2)
            expect(page.locator(".picture .way.on")).to_have_count(1)
            browser.picture(page, "phone-flow-walk")

            page.click(".editor button.main")
            page.fill("[name=why]", "最初の版")
            browser.picture(page, "phone-publish")
            page.click("main button.main")
            expect(page.locator(".done")).to_contain_text("0001-")
            page.fill("[name=text]", SILENT.replace("{type: hangup}", "{type: hangup, cause: busy}"))
            expect(page.locator(".kept")).to_have_text("下書きを保存しました")
            page.reload()
            assert "cause: busy" in page.input_value("[name=text]")
            page.click(".editor button.main")
            page.fill("[name=why]", "話し中")
            page.click("main button.main")
            expect(page.locator(".done")).to_contain_text("0002-")
            page.click("a[href*='/diff']:has-text('0002-')")
            expect(page.locator(".diff .new")).to_contain_text("cause: busy")
            browser.picture(page, "phone-diff")
            page.go_back()
            page.click("form[action$='/rollback'] button")
            expect(page.locator(".done")).to_contain_text("0001-")
            page.goto(f"{house.address}/phone/prompts")
            browser.picture(page, "phone-prompts")
            page.goto(f"{house.address}/phone/settings/extensions/new")
            page.fill("main [name=number]", "202")
            page.fill("main [name=name]", "倉庫")
            browser.picture(page, "phone-extension")
            page.click("main [value=save]")
            browser.picture(page, "phone-plan")
            page.fill("[name=why]", "新しい席")
            page.click("main button.main")
            expect(page.locator(".done")).to_be_visible()
            expect(page.locator("main li a.number")).to_have_text(["201", "202"])
            browser.picture(page, "phone-settings")

        context = chromium.new_context(java_script_enabled=False, locale="en-GB")
        page = context.new_page()
        browser.sign_in(page, house.address, house.command("web", "password").strip())
        page.goto(f"{house.address}/phone/flows")
        page.fill("[name=flow]", "second")
        page.click("main button.main")
        page.fill(".simulator [name=caller]", "0312345678")
        page.fill(".simulator [name=at]", "2027-01-01T10:00")
        page.click(".simulator button")
        expect(page.locator(".walk .steps li")).to_have_count(2)
        expect(page.locator(".picture .node.on")).to_have_count(2)
        context.close()
