"""Debian's Chromium, headless, driven by Playwright; it asks nobody outside and keeps its pictures in `artefacts/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.needs import CHROMIUM

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
_SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page(browser: Browser, *, locale: str = "ja-JP", dark: bool = False, phone: bool = False, allowed: str = "") -> Iterator[Page]:
    """A fresh page, whose every console error and script exception (but `allowed`) fails the test at its end."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
    context = browser.new_context(locale=locale, color_scheme="dark" if dark else "light", viewport=size)  # type: ignore[arg-type]
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield opened
    finally:
        context.close()
    complaints = [text for text in complaints if not allowed or allowed not in text]
    assert not complaints, complaints


def sign_in(opened: Page, address: str, password: str, name: str = "admin") -> None:
    """Sign in with a one-time password and choose a lasting one."""
    opened.goto(f"{address}/sign-in")
    opened.fill("[name=name]", name)
    opened.fill("[name=password]", password)
    opened.click("main button")
    opened.wait_for_url("**/account**")
    opened.fill("[name=new]", "a lasting password")
    opened.fill("[name=again]", "a lasting password")
    opened.click("main button.main")
    opened.wait_for_url("**/calls")


def picture(opened: Page, name: str) -> None:
    """Keep a screenshot."""
    ARTEFACTS.mkdir(exist_ok=True)
    opened.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


def pictures(page: Page, name: str) -> None:
    """Desk and phone, light and dark; nothing is wider than the screen."""
    for look, size in (("desk", (1280, 800)), ("phone", (390, 844))):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(100)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            picture(page, f"{name}-{look}-{scheme}")
    page.set_viewport_size({"width": 1280, "height": 800})
