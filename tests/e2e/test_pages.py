"""Every page in a real browser: both languages, light and dark, desk and phone; no error in its console, nothing wider than the screen.

The pictures stay in `artefacts/`, to be looked at.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import needs
from tests.bed import browser
from tests.bed.house import House, wait_for

pytestmark = needs.program("chromium")

DEMO = Path(__file__).parents[2] / "appliance" / "demo"
LOOKS = [("ja-JP", False, False), ("ja-JP", True, True), ("en-US", True, False), ("en-US", False, True)]
PAGES = {
    "calls": "/calls", "search": "/calls?number=090&direction=inbound&begin=2026-01-01", "none": "/calls?number=99999999",
    "live": "/live", "health": "/health", "account": "/account", "missing": "/calls/aaaaaaaaaaaaaaaa",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A box with the sample calls."""
    settings = (DEMO / "appliance.toml").read_text("utf-8")
    with House(tmp_path_factory.mktemp("pages") / "var", settings=settings) as running:
        for sample in sorted((DEMO / "samples").glob("*/capture.pcap")):
            running.command("replay", str(sample))
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser.chromium() as running:
        yield running


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("locale", "dark", "phone"), LOOKS, ids=str)
def test_every_page_fits_and_complains_of_nothing(house: House, chromium: Browser, locale: str, dark: bool, phone: bool) -> None:
    tag = f"{locale[:2]}-{'dark' if dark else 'light'}-{'phone' if phone else 'desk'}"
    password = house.command("web", "password").strip()
    with browser.page(chromium, locale=locale, dark=dark, phone=phone, allowed="404 (Not Found)") as page:
        page.goto(f"{house.address}/sign-in")
        assert fits(page)
        browser.picture(page, f"{tag}-sign-in")
        browser.sign_in(page, house.address, password)
        for name, path in PAGES.items():
            page.goto(house.address + path)
            assert page.get_attribute("html", "lang") == locale[:2]
            assert fits(page), name
            browser.picture(page, f"{tag}-{name}")
        page.goto(f"{house.address}/calls?number=090")
        page.click("tbody .when a")
        expect(page.locator("#player.ready")).to_be_visible()
        page.wait_for_timeout(500)
        for summary in page.locator("details summary").all():
            summary.click()
        assert fits(page), "call"
        browser.picture(page, f"{tag}-call")


def test_the_player_is_worked_by_keys_alone(house: House, chromium: Browser) -> None:
    password = house.command("web", "password").strip()
    with browser.page(chromium) as page:
        browser.sign_in(page, house.address, password)
        page.goto(f"{house.address}/calls?number=090")
        page.click("tbody .when a")
        expect(page.locator("#player.ready")).to_be_visible()
        sound = "document.querySelector('audio')"
        page.keyboard.press("Space")
        expect(page.locator("#player.playing")).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert float(page.evaluate(f"{sound}.currentTime")) >= 10
        page.keyboard.press("ArrowUp")
        assert page.evaluate(f"{sound}.playbackRate") == 1.25
        page.keyboard.press("r")
        assert page.is_checked("[name=channel][value=right]")
        page.keyboard.press("Home")
        assert float(page.evaluate(f"{sound}.currentTime")) < 5
        page.keyboard.press("Space")
        expect(page.locator("#player.playing")).to_have_count(0)


def test_the_pages_work_without_script(house: House, chromium: Browser) -> None:
    password = house.command("web", "password").strip()
    context = chromium.new_context(java_script_enabled=False, locale="ja-JP")
    page = context.new_page()
    browser.sign_in(page, house.address, password)
    page.fill("[name=number]", "090-1234")
    page.click(".search button.main")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click("tbody .when a")
    expect(page.locator("audio[controls]")).to_be_visible()
    page.goto(f"{house.address}/live")
    expect(page.locator("#recent .card")).to_have_count(5)
    expect(page.locator("#waiting .card")).to_have_count(1)
    context.close()


def test_parts_marks_and_silence_by_keys_alone_and_a_part_is_a_file_of_its_own(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    password = house.command("web", "password").strip()
    with browser.page(chromium) as page:
        browser.sign_in(page, house.address, password)
        page.goto(f"{house.address}/calls?number=090")
        page.click("tbody .when a")
        expect(page.locator("#player.ready")).to_be_visible()
        expect(page.locator(".parts")).to_be_visible()
        sound = "document.querySelector('audio')"
        assert page.evaluate(f"{sound}.preservesPitch") is True, "speed leaves the pitch as it is"
        page.keyboard.press("Space")
        expect(page.locator("#player.playing")).to_be_visible()
        page.keyboard.press("Space")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("[")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("]")
        expect(page.locator(".part")).to_have_text("0:05 – 0:10")
        page.keyboard.press("p")
        assert page.is_checked("[name=loop]")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Space")
        page.evaluate(f"{sound}.currentTime = 9.9")
        wait_for("the part again", lambda: float(page.evaluate(f"{sound}.currentTime")) < 7)
        page.keyboard.press("Space")
        page.keyboard.press("s")
        assert page.is_checked("[name=skip]")
        page.keyboard.press("m")
        page.keyboard.type("納期の話 <b>")
        page.keyboard.press("Enter")
        expect(page.locator(".marks li")).to_contain_text("納期の話 <b>")
        with page.expect_download() as awaited:
            page.click("[data-part=cut]")
        path = tmp_path / "part.wav"
        awaited.value.save_as(path)
        assert "-excerpt-5-10" in awaited.value.suggested_filename
        with wave.open(str(path)) as found:
            assert found.getnchannels() == 2
            assert found.getnframes() == 5 * found.getframerate()
        browser.picture(page, "player-parts")
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(200)
        assert fits(page)
        browser.picture(page, "player-parts-phone-dark")


def test_a_search_by_further_conditions_is_kept(house: House, chromium: Browser) -> None:
    password = house.command("web", "password").strip()
    with browser.page(chromium) as page:
        browser.sign_in(page, house.address, password)
        page.click(".further summary")
        page.select_option("[name=line]", label="相談窓口")
        page.click(".search button.main")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.fill(".tools [name=name]", "相談")
        page.click(".tools .inline button")
        page.goto(f"{house.address}/calls")
        page.click(".savedsearch a")
        expect(page.locator("tbody tr")).to_have_count(1)
        browser.picture(page, "search-desk-light")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(100)
        assert fits(page)
        browser.picture(page, "search-phone-dark")
        with page.expect_download() as awaited:
            page.click(".tools a[href^='/calls.csv']")
        assert awaited.value.suggested_filename == "calls.csv"
