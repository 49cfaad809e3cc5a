"""A technician looks for a fault: in a real browser a capture is begun, a call passes on the wire, and its ladder and streams are shown.

Real parts: a veth pair in a namespace, AF_PACKET, the diagnosing service, tshark, the console, Chromium.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import expect

from appliance import diagnosis
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.web.app import create
from appliance.web.console import Console
from capture import pcapfile
from capture.diagnosing import Diagnosing
from capture.play import play
from tests import needs
from tests.appliance.furnished import session_now
from tests.bed import browser
from tests.bed.house import free_port, wait_for
from tests.bed.made import MadeCall, write_pcap
from tests.bed.wire import FAR, NEAR, Wire

pytestmark = [needs.namespaces(), needs.program("chromium", "tshark")]
CALL = MadeCall(talk=0.6, display="<script>alert(1)</script>")


@pytest.fixture
def address(box: Box) -> Iterator[str]:
    """The console of the box, served."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create(Console(box, SystemClock())), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for("the console", lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_a_fault_is_looked_for(box: Box, address: str, tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", CALL.frames())
    with Wire() as wire, browser.chromium() as chromium, browser.page(chromium) as page:
        service = wire.inside(lambda: Diagnosing(box, SystemClock(), FAR))
        page.context.add_cookies([{"name": "appliance_session", "value": session_now(box, "tech"), "url": address}])
        page.goto(f"{address}/diagnosis")
        expect(page.locator(".empty")).to_be_visible()
        browser.picture(page, "diagnosis-empty")
        page.fill("[name=why] >> nth=0", "片通話")
        page.select_option("[name=seconds] >> nth=0", "60")
        page.click("button.main")
        expect(page.locator("#running progress")).to_be_visible()
        wire.inside(lambda: play(NEAR, [file], 0.0))
        expect(page.locator("#running .figures strong").nth(1)).to_have_text(str(2 * CALL.packets))
        browser.picture(page, "diagnosis-running")
        page.click("#running button")
        wait_for("the capture", lambda: diagnosis.kept(box.folders))
        page.goto(f"{address}/diagnosis")
        with page.expect_download() as downloaded:
            page.click("td a[href$='.pcap']")
        assert len(list(pcapfile.frames(Path(downloaded.value.path())))) == len(CALL.frames())
        browser.picture(page, "diagnosis-kept")
        page.click("tbody th a")
        page.click(".rows a")
        expect(page.locator("tbody").first.locator("tr")).to_have_count(2)
        image = page.locator(".ladder img")
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
        browser.pictures(page, "diagnosis-capture")
        service.close()
