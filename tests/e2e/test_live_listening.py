"""A call under way is heard in the console while two telephones talk on a mirrored LAN, paused and resumed from its page, and the recorder
that is killed meanwhile goes on paused.

Real parts: SIPp, network namespaces, AF_PACKET, all services as processes, Chromium.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile
from playwright.sync_api import expect

from appliance.ids import CallId, recording_id
from appliance.ledger import Ledger
from appliance.records import Listened, RecordingPaused, RecordingResumed, SegmentClosed
from appliance.web.security import COOKIE
from tests import needs
from tests.appliance.furnished import session_now
from tests.bed import browser, hearing, speech
from tests.bed.ear import Ear
from tests.bed.encode import encode, spoken
from tests.bed.house import House, wait_for
from tests.bed.lan import Lan
from tests.bed.program import appliance
from tests.bed.sipp import Call, Talk

pytestmark = [needs.namespaces(), needs.program("sipp", "chromium", "espeak-ng", "sox", "ethtool")]

TURNS = (
    ("called", "Good morning, the Tokyo branch."),
    ("caller", "Hello, it is about the delivery."),
    ("called", "It is on its way to you."),
    ("caller", "Thank you, goodbye."),
)
SIDES = ("caller", "called")


@pytest.fixture(scope="module")
def tracks() -> dict[str, speech.Samples]:
    """What each side says."""
    return dict(zip(SIDES, speech.conversation(TURNS), strict=True))


def talk_of(tracks: dict[str, speech.Samples]) -> Talk:
    payloads = {side: encode(track, speech.RATE, "PCMU") for side, track in tracks.items()}
    length = len(tracks["caller"]) * 1000 // speech.RATE
    return Talk(
        caller="09011112222", called="0312345678", caller_payload=payloads["caller"], called_payload=payloads["called"],
        talk_ms=length + 200,
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lan, House]]:
    """A mirrored LAN and a box."""
    with Lan() as lan, House(tmp_path_factory.mktemp("live") / "var", lan.names["box"]) as house:
        yield lan, house


def under_way(house: House) -> str:
    return wait_for("an answered call", lambda: next((c.id for c in house.calls() if c.answered_at and not c.ended_at), None))


def test_the_right_words_are_heard_on_the_right_channel_while_the_call_is_on(
    place: tuple[Lan, House], tracks: dict[str, speech.Samples]
) -> None:
    lan, house = place
    token = session_now(house.box, "listener")
    with Call(lan, talk_of(tracks)) as call:
        name = under_way(house)
        began = time.monotonic()
        ear = Ear(house.address, token, name).start()
        enough = len(tracks["caller"]) * 8000 // speech.RATE * 6 // 10
        wait_for("more than half of the talk", lambda: len(ear.samples()) > enough)
        passed = time.monotonic() - began
        assert not next(found for found in house.calls() if found.id == name).ended_at, "the call is still on"
        heard = ear.samples()
        call.wait()
        ear.wait()
    assert ear.status == 200
    assert passed < enough / 8000 + 4, "it keeps up with the clock"
    for channel, side in enumerate(SIDES):
        said = spoken(tracks[side], speech.RATE, 8000)
        found = hearing.match(said[:enough], heard[:, channel])
        other = hearing.match(said[:enough], heard[:, 1 - channel])
        assert found.correlation > 0.9, (side, found)
        assert other.correlation < 0.5
    whole = ear.samples()
    for channel, side in enumerate(SIDES):
        said = spoken(tracks[side], speech.RATE, 8000)
        assert hearing.match(said, whole[:, channel]).correlation > 0.95
    with Ledger.open(house.box.folders.ledger, readonly=True) as ledger:
        (listened,) = (row.record for row in ledger.of(recording_id(CallId(name))) if isinstance(row.record, Listened))
    assert (listened.who, listened.where) == ("listener", "live")


def test_the_page_plays_pauses_and_resumes(place: tuple[Lan, House], tracks: dict[str, speech.Samples], tmp_path: Path) -> None:
    lan, house = place
    password = house.command("web", "password").strip()
    with (
        browser.chromium() as chromium,
        browser.page(chromium) as page,
        browser.page(chromium, locale="en-US", phone=True, dark=True) as phone,
    ):
        browser.sign_in(page, house.address, password)
        browser.sign_in(
            phone, house.address, house.command("web", "password", "second", "--role", "administrator").strip(), "second"
        )
        for opened in (page, phone):
            opened.goto(f"{house.address}/live")
            expect(opened.locator("[data-state=on]")).to_be_visible()
        with Call(lan, talk_of(tracks)) as call:
            name = under_way(house)
            button = page.locator("#open .listen")
            expect(button).to_have_attribute("aria-pressed", "false")
            button.focus()
            page.keyboard.press("Space")
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(page.locator(".hearing[data-state=playing]")).to_be_visible(timeout=8000)
            wait_for("sound", lambda: float(page.evaluate("document.querySelector('.hearing audio').currentTime")) > 1.5, 10)
            phone.locator("#open .listen").click()
            page.locator("#open form[action$='/pause'] button").click()
            expect(page.locator("#open .tag.warn")).to_be_visible()
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(phone.locator("#open .tag.warn")).to_be_visible()
            browser.pictures(page, "live-paused-ja")
            browser.pictures(phone, "live-paused-en")
            house.kill("capture")
            time.sleep(1.5)
            house.command("capture", "resume", name, "--why", "the card is read")
            expect(page.locator("#open .tag.warn")).to_have_count(0)
            call.wait()
        expect(page.locator(f"#card-{name}.ended .play")).to_have_count(1, timeout=20_000)
        expect(page.locator(".hearing[data-state=over]")).to_be_visible(timeout=8000)
        browser.picture(page, "live-over")
        for opened, language in ((page, "ja"), (phone, "en")):
            opened.goto(f"{house.address}/calls/{name}")
            expect(opened.locator("#player.ready")).to_be_visible()
            opened.wait_for_timeout(500)
            browser.pictures(opened, f"call-with-pause-{language}")
    with Ledger.open(house.box.folders.ledger, readonly=True) as ledger:
        records = [row.record for row in ledger.of(name)]
    (paused,) = (record for record in records if isinstance(record, RecordingPaused))
    (resumed,) = (record for record in records if isinstance(record, RecordingResumed))
    assert (paused.who, resumed.why) == ("admin", "the card is read")
    wav = tmp_path / "call.wav"
    house.command("open", name, "-o", str(wav))
    samples, rate = soundfile.read(wav, dtype="int16")
    closed = [record for record in records if isinstance(record, SegmentClosed)]
    lasted = (max(record.last for record in closed) - min(record.first for record in closed)) / 10**9
    assert abs(len(samples) / rate - lasted) < 0.04, "the length is kept to the clock"
    recording = house.recording(name)
    assert recording is not None
    begin, end = ((moment - recording.facts.started_at) * rate // 10**9 for moment in (paused.at, resumed.at))
    assert not samples[begin + 200 : end - 200].any()
    assert samples[:begin].any() and samples[end:].any()
    assert recording.facts.lost == 0


def test_a_call_that_is_over_or_unknown_is_refused_with_a_sentence(place: tuple[Lan, House]) -> None:
    _, house = place
    over = next(call.id for call in house.calls() if call.ended_at)
    cookies = {COOKIE: session_now(house.box, "late")}
    for name, status, words in ((over, 404, "is over"), ("a" * 16, 404, "no such call")):
        answer = httpx.get(f"{house.address}/calls/{name}/live", headers={"Accept": "*/*"}, cookies=cookies, trust_env=False)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
    for command in ("pause", "resume"):
        said = appliance("capture", command, over, "--data", house.data, code=4).sentence
        assert "is over" in said or "is not under way" in said
