"""One real call runs through the whole house: two telephones talk on a mirrored LAN, and it is recorded, sealed, stored, found, heard.

Real parts: SIPp, network namespaces, AF_PACKET, all services as processes, the age tool, Chromium.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from playwright.sync_api import expect

from appliance.calls import Call, Recording
from tests import needs
from tests.bed import browser, hearing, speech
from tests.bed.encode import encode, spoken
from tests.bed.house import House, wait_for
from tests.bed.lan import Lan
from tests.bed.sipp import Call as SippCall
from tests.bed.sipp import Talk

pytestmark = [needs.namespaces(), needs.program("sipp", "age", "chromium", "espeak-ng", "sox", "ethtool")]

CALLER, CALLED = "09012345678", "0312345678"
TURNS = (
    ("called", "Good morning, this is the Tokyo branch."),
    ("caller", "This is Takahashi. I have a question about the estimate. Thank you very much, goodbye."),
)


@dataclass(frozen=True, slots=True)
class Held:
    """The call that was held, and what became of it."""

    house: House
    call: Call
    recording: Recording
    said: dict[str, NDArray[np.int16]]
    """Each side's track at 8 kHz, as G.711 lets it through."""
    folder: Path


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Hold the call while a browser looks on; what the browser must see at ring time is checked here."""
    folder = tmp_path_factory.mktemp("spine")
    tracks = dict(zip(("caller", "called"), speech.conversation(TURNS), strict=True))
    payloads = {side: encode(track, speech.RATE, "PCMU") for side, track in tracks.items()}
    talk = Talk(
        caller=CALLER, called=CALLED, display="高橋工務店", compact=True, caller_payload=payloads["caller"],
        called_payload=payloads["called"], talk_ms=len(tracks["caller"]) * 1000 // speech.RATE + 200, ring_ms=2500,
    )  # fmt: skip
    with Lan() as lan, House(folder / "var", lan.names["box"]) as house, browser.chromium() as chromium:
        password = house.command("web", "password").strip()
        with browser.page(chromium) as page:
            browser.sign_in(page, house.address, password)
            page.goto(f"{house.address}/live")
            expect(page.locator("[data-state=on]")).to_be_visible()
            with SippCall(lan, talk) as call:
                card = page.locator("#open .card.ringing")
                expect(card).to_have_count(1, timeout=10_000)
                expect(card).to_contain_text("090-1234-5678")
                expect(card).to_contain_text("高橋工務店")
                expect(card).to_contain_text("代表")
                expect(card).to_contain_text("着信")
                browser.picture(page, "live-ringing")
                expect(page.locator("#open .card.answered")).to_have_count(1, timeout=10_000)
                browser.picture(page, "live-answered")
                call.wait()
            expect(page.locator("#recent .card.ended .play")).to_have_count(1, timeout=20_000)
            row, recording = house.stored(CALLER)
            page.goto(f"{house.address}/calls?number=9012-3456")
            expect(page.locator("tbody tr")).to_have_count(1)
            page.click("tbody .play")
            page.wait_for_url("**/calls/*")
            page.click("[data-do=play]")
            wait_for("sound", lambda: float(page.evaluate("document.querySelector('audio').currentTime")) > 1.5)
            assert abs(float(page.evaluate("document.querySelector('audio').duration")) - recording.facts.seconds) < 0.05
            page.evaluate("document.querySelector('audio').currentTime = 5")
            wait_for("sound after seeking", lambda: float(page.evaluate("document.querySelector('audio').currentTime")) > 5.3)
            page.click("[name=channel][value=left] + span")
            page.select_option("[name=speed]", "2")
            assert page.evaluate("document.querySelector('audio').playbackRate") == 2
            browser.picture(page, "call-playing")
            page.goto(f"{house.address}/calls?number=0120")
            expect(page.locator("tbody tr")).to_have_count(0)
        heard = {side: spoken(track, speech.RATE, 8000) for side, track in tracks.items()}
        yield Held(house, row, recording, heard, folder)


def test_the_call_is_known_with_its_parties_and_times(held: Held) -> None:
    call = held.call
    assert (call.caller, call.called, call.caller_e164) == (CALLER, CALLED, "+819012345678")
    assert (call.caller_name, call.direction, call.line, call.end_reason) == (
        "高橋工務店",
        "inbound",
        "03-1234-5678",
        "hangup_caller",
    )
    assert call.ringing_at and call.answered_at and call.ended_at
    assert call.started_at <= call.ringing_at < call.answered_at < call.ended_at


@pytest.mark.parametrize(("side", "channel"), [("caller", 0), ("called", 1)])
def test_each_channel_is_what_its_side_said(held: Held, side: str, channel: int) -> None:
    wav = held.folder / "call.wav"
    held.house.command("open", held.recording.facts.recording, "-o", str(wav))
    samples, rate = soundfile.read(wav, dtype="int16")
    assert (rate, soundfile.info(wav).subtype, samples.shape[1]) == (8000, "PCM_16", 2)
    said = held.said[side]
    found = hearing.match(said, samples[:, channel])
    assert found.correlation >= 0.98
    assert abs(found.lag) <= 0.040 * rate
    assert abs(len(samples) - len(said)) <= 0.040 * rate
    other = hearing.match(said, samples[:, 1 - channel])
    assert other.correlation < 0.5


def test_no_packet_was_lost(held: Held) -> None:
    facts = held.recording.facts
    assert (facts.lost, facts.one_sided, facts.cut, facts.codecs) == (0, False, False, ("PCMU",))


def test_the_stored_object_is_the_sealed_file_and_the_age_tool_opens_it(held: Held) -> None:
    facts = held.recording.facts
    assert held.recording.key is not None
    stored = held.house.box.folders.store / held.recording.key
    sealed = (held.house.box.folders.recordings / facts.file).read_bytes()
    assert stored.read_bytes() == sealed
    assert hashlib.sha256(sealed).hexdigest() == facts.sealed_sha256
    key = held.house.box.folders.keys / "playback.key"
    opened = subprocess.run(["age", "--decrypt", "--identity", str(key), str(stored)], capture_output=True, check=True).stdout
    assert hashlib.sha256(opened).hexdigest() == facts.plain_sha256
    assert opened.startswith(b"fLaC")


def test_nothing_in_clear_is_left_behind(held: Held) -> None:
    spool = [path for path in held.house.box.folders.spool.rglob("*") if path.is_file() and path.name not in ("lock", "note")]
    assert spool == []
    for path in held.house.data.rglob("*"):
        if path.is_file() and path.name != "house.log":
            assert b"fLaC" not in path.read_bytes()


def test_the_ledger_verifies_and_the_figures_agree(held: Held) -> None:
    held.house.command("verify", "--all")
    (status,) = held.house.lines("status")
    assert status["calls"] == {"seen": 1, "recorded": 1, "not_recorded": 0, "open": 0, "unsettled": 0}
    assert status["recordings"]["stored"] == 1
    assert {service["service"] for service in status["services"]} == {"capture", "render", "listen", "uploader", "janitor", "web"}
