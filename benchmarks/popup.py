"""From the INVITE on the wire to the card on a screen: live, with a hundred pages connected, one of them in a real Chromium.

Pages that only listen are HTTP clients that read the stream as a browser does; the one that is measured draws. Its moment is that of the
first frame drawn behind the card's coming into the page (requestAnimationFrame), by the clock of the same machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from appliance import doorbell
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import CallEnded
from appliance.web.security import COOKIE
from benchmarks.traffic import invite
from tests.appliance.furnished import serving, session_now, until
from tests.bed import browser
from tests.bed.wire import NEAR, Wire

PAGES = (0, 99)
INVITES = 120
_WATCH = """() => {
    window.drawn = {};
    new MutationObserver((changes) => {
        for (const change of changes) for (const node of change.addedNodes) {
            const call = node.dataset?.call;
            if (call && !(call in window.drawn)) requestAnimationFrame(() => { window.drawn[call] ??= Date.now(); });
        }
    }).observe(document.querySelector("#open"), { childList: true });
}"""


def lines() -> Iterator[str]:
    """The table."""
    yield "| pages beside | INVITEs | p50 ms | p90 ms | p99 ms | longest ms | within 100 ms | load |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for pages in PAGES:
        took = sorted(measured(pages, INVITES))
        p50, p90, p99 = (took[int(len(took) * share)] for share in (0.5, 0.9, 0.99))
        soon = sum(one <= 100 for one in took) / len(took)
        load = os.getloadavg()[0]
        yield f"| {pages} | {len(took)} | {p50:.0f} | {p90:.0f} | {p99:.0f} | {took[-1]:.0f} | {soon * 100:.0f} % | {load:.1f} |"


def measured(pages: int, count: int) -> list[float]:
    """What each INVITE took (ms) until its card was drawn."""
    with tempfile.TemporaryDirectory() as folder, Wire() as wire, ExitStack() as ending:
        data = Path(folder) / "var"
        box = Box.at(data)
        Ledger.open(box.folders.ledger).close()
        command = [sys.executable, "-m", "appliance", "capture", "tap", "--interface", NEAR, "--data", str(data)]
        tap = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        ending.callback(tap.wait)
        ending.callback(tap.terminate)
        served = ending.enter_context(serving(box, Path(folder) / "web.err"))
        token = session_now(box)
        others = Others(served.url, token, pages)
        ending.callback(others.stop)
        until("the other pages", lambda: others.connected == pages, 60.0)
        page = ending.enter_context(browser.page(ending.enter_context(browser.chromium())))
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
        page.goto(f"{served.url}/live")
        page.wait_for_selector("[data-state=on]:visible")
        page.evaluate(_WATCH)
        time.sleep(3.0)
        sent = dict(_rung(wire, box, count))
        page.wait_for_timeout(1000)
        drawn = page.evaluate("window.drawn")
        assert set(drawn) >= set(sent), "every call has its card"
        return [drawn[call] - begun * 1000 for call, begun in sent.items()]


def _rung(wire: Wire, box: Box, count: int) -> Iterator[tuple[str, float]]:
    """(call, when its INVITE left); each call ends before the next, so that a few cards are on the page as in an office."""
    random = Random(0)
    with Ledger.open(box.folders.ledger) as ledger, closing(wire.sender()) as sender:
        for number in range(count):
            frame, before = invite(9000 + number), ledger.last_row()
            begun = time.time()
            sender.send(frame)
            until("the call's row", lambda row=before: _latest(ledger, row))  # type: ignore[misc]
            call = _latest(ledger, before)
            yield call, begun
            time.sleep(random.uniform(0.2, 0.5))
            now = SystemClock().now()
            ledger.append(CallEnded(
                at=now, call=call, reason="cancelled", sip_status=487, started_at=now - SECOND, ringing_at=None, answered_at=None,
                end_seen=True,
            ))  # fmt: skip
            doorbell.ring(box.folders.run)
            time.sleep(random.uniform(0.1, 0.3))


def _latest(ledger: Ledger, before: int) -> str:
    row = ledger.connection.execute(
        "SELECT subject FROM record WHERE kind = 'CallRinging' AND id > ? ORDER BY id DESC LIMIT 1", (before,)
    ).fetchone()
    return str(row[0]) if row else ""


class Others:
    """Pages that listen and draw nothing, on a thread of their own."""

    def __init__(self, url: str, token: str, count: int) -> None:
        self.connected = 0
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._token, self._count = token, count
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._all(),), daemon=True)
        self._stop = asyncio.Event()
        self._thread.start()

    def stop(self) -> None:
        """Close all of them."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _all(self) -> None:
        tasks = [asyncio.create_task(self._one()) for _ in range(self._count)]
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(
            f"GET /live/events HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={self._token}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        self.connected += 1
        while await reader.read(1 << 16):
            pass
        writer.close()
