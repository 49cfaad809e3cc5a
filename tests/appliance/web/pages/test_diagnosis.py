"""Captures are begun, shown and taken away in the console by those who may, and strangers' names in them are text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from appliance import diagnosis
from appliance.clock import SystemClock
from appliance.records import Exported
from appliance.tap_control import RefusedError
from appliance.web.accounts import Accounts
from appliance.web.rights import Right
from appliance.web.roles import Roles
from capture import ladder
from capture.diagnosing import Diagnosing
from capture.ladder import Message, Seen, Stream
from capture.taking import Writer
from capture.trimming import Trimmer
from tests import needs
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in
from tests.bed.made import MadeCall

NAME, SPEECH = "20261122-120000-0000000a", "20261122-130000-0000000b"
HOSTILE = "<script>alert(1)</script>"
NOBODY: dict[str, Any] = {"running": None}


def keep(at: Furnished, name: str, *, whole: bool = False, why: str = "echo") -> None:
    """A capture of one made call."""
    folders = at.box.folders
    folders.captures.mkdir(exist_ok=True)
    trimmer = Trimmer(whole=whole)
    with diagnosis.file_of(folders, name).open("wb") as file:
        Writer(file, trimmer, 10_000_000).add(MadeCall(talk=0.3).frames())
    told = {"at": at.now, "who": "tech", "why": why, "seconds": 30, "whole": whole, "number": "", "counts": trimmer.counts, "dropped": 0,
            "ended": "time"}  # fmt: skip
    diagnosis.about(folders, name).write_text(json.dumps(told))


@pytest.fixture
def asked(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the service was asked; nothing is under way."""
    found: list[dict[str, Any]] = []

    def ask(run: object, request: dict[str, Any]) -> dict[str, Any]:
        found.append(request)
        return NOBODY

    monkeypatch.setattr(diagnosis, "ask", ask)
    yield found


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found
    return found[1]


def with_rights(at: Furnished, *rights: Right, lines: tuple[str, ...] = ()) -> TestClient:
    with at.ledger() as ledger:
        roles = Roles(ledger, at.clock().now)
        role = roles.add("one", rights, "test")
        roles.save(role.__class__(id=role.id, name=role.name, rights=role.rights, lines=lines), "test")
        accounts = Accounts(ledger, at.clock().now, 12)
        token = accounts.sign_in("one", accounts.one_time_password("one", role.id), "-")
    return browser(at.box, at.clock(), token)


def test_without_a_capture_the_page_teaches(own: Furnished, asked: list[dict[str, Any]]) -> None:
    text = signed_in(own, "en").get("/diagnosis").text
    assert "No capture is kept." in text and "One-way speech" in text
    assert 'src="/static/diagnosis.js"' not in text


def test_a_capture_is_begun_with_name_and_reason(own: Furnished, asked: list[dict[str, Any]]) -> None:
    client = signed_in(own)
    form = {"csrf": csrf(client), "seconds": "60", "number": "090", "why": "echo"}
    assert client.post("/diagnosis", data=form).headers["location"] == "/diagnosis"
    assert asked == [{"do": "take", "who": "admin", "seconds": 60.0, "number": "090", "why": "echo", "whole": False}]
    client.post("/diagnosis/whole", data=form)
    assert asked[-1]["whole"] is True
    client.post("/diagnosis/stop", data={"csrf": form["csrf"]})
    assert asked[-1] == {"do": "stop", "who": "admin"}
    for path in ("/diagnosis", "/diagnosis/whole", "/diagnosis/stop"):
        assert client.post(path, data={"csrf": "guessed"}).status_code == 403


def test_how_far_it_is_can_be_seen(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    running = {"name": NAME, "seconds": 60, "left": 45.0, "who": HOSTILE, "whole": True, "number": "090", "frames": 7, "bytes": 70,
               "counts": {"sip": 6, "rtp": 1}}  # fmt: skip
    monkeypatch.setattr(diagnosis, "ask", lambda run, request: {"running": running})
    text = signed_in(own, "en").get("/diagnosis").text
    assert '<progress aria-label="Progress" max="60" value="15.0">' in text and "45 s left" in text
    assert HOSTILE not in text and 'action="/diagnosis"' not in text


def test_where_the_service_is_away_the_page_says_so(own: Furnished) -> None:
    keep(own, NAME)
    client = signed_in(own, "en")
    text = client.get("/diagnosis").text
    assert "No capture can be taken now" in text and "journalctl -u appliance-diagnose" in text and NAME in text
    assert "The capture cannot be taken apart" in client.get(f"/diagnosis/{NAME}").text


@needs.program("tshark")
def test_a_capture_is_laid_out_and_taken_away(own: Furnished) -> None:
    keep(own, NAME)
    serving = Diagnosing(own.box, SystemClock(), "none")
    try:
        client = signed_in(own, "en")
        text = client.get(f"/diagnosis/{NAME}").text
        assert "How speech arrived" in text and "180 Ringing" in text
        address = re.findall(rf'href="(/diagnosis/{NAME}\?call_id=[^"]+)"', text)[0]
        assert 'aria-current="true"' in client.get(address).text
        image = client.get(f"/diagnosis/{NAME}/ladder.svg")
        assert image.headers["content-type"] == "image/svg+xml" and "default-src 'none'" in image.headers["content-security-policy"]
    finally:
        serving.close()
    copy = client.get(f"/diagnosis/{NAME}/capture.pcap")
    assert copy.content == diagnosis.file_of(own.box.folders, NAME).read_bytes()
    assert copy.headers["content-disposition"] == f'attachment; filename="{NAME}.pcap"'
    with own.ledger() as ledger:
        (entry,) = [row.record for row in ledger.of(NAME) if isinstance(row.record, Exported)]
    assert (entry.who, entry.what) == ("admin", "capture copied")
    assert "took a copy" in client.get("/register").text.lower() or NAME in client.get("/register").text


def test_hostile_names_are_text(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(own, NAME, why=HOSTILE)
    message = Message(
        at=own.now, source=f"{HOSTILE}:1", destination="b:2", method=HOSTILE, call_id=HOSTILE, caller=HOSTILE, called=HOSTILE
    )
    invite = Message(at=own.now, source="a:1", destination="b:2", method="INVITE", call_id=HOSTILE, caller=HOSTILE + "\u202e")
    stream = Stream(
        source=HOSTILE, destination="b", ssrc="1", codecs=HOSTILE, packets=1, lost=0, gap=1, spacing=1, jitter=1, jitter_most=1
    )
    told = ladder.as_json(ladder.report(Seen((invite, message), (stream,))))
    monkeypatch.setattr(diagnosis, "ask", lambda run, request: told)
    client = signed_in(own)
    for address in (f"/diagnosis/{NAME}", f"/diagnosis/{NAME}?call_id={HOSTILE}", f"/diagnosis/{NAME}/ladder.svg"):
        text = client.get(address).text
        assert "<script>alert" not in text and "\u202e" not in text and "&lt;script&gt;" in text


def test_speech_has_a_right_of_its_own(own: Furnished, asked: list[dict[str, Any]]) -> None:
    keep(own, NAME)
    keep(own, SPEECH, whole=True)
    client = with_rights(own, Right.DIAGNOSE)
    assert client.get(f"/diagnosis/{NAME}/capture.pcap").status_code == 200
    assert client.get(f"/diagnosis/{SPEECH}/speech.pcap").status_code == 403
    assert client.get(f"/diagnosis/{SPEECH}/capture.pcap").status_code == 404, "not by the other name either"
    assert client.post("/diagnosis/whole", data={"csrf": csrf(client), "why": "x"}).status_code == 403
    text = client.get("/diagnosis").text
    assert f"{SPEECH}/" not in text and 'action="/diagnosis/whole"' not in text


def test_who_sees_some_lines_only_has_no_captures(own: Furnished, asked: list[dict[str, Any]]) -> None:
    keep(own, NAME)
    client = with_rights(own, Right.DIAGNOSE, Right.CAPTURE_SPEECH, lines=("03-1234-5679",))
    token = csrf(client)
    for address in ("/diagnosis", f"/diagnosis/{NAME}", f"/diagnosis/{NAME}/capture.pcap", f"/diagnosis/{NAME}/ladder.svg"):
        assert client.get(address).status_code == 403
    for address in ("/diagnosis", "/diagnosis/whole", "/diagnosis/stop"):
        assert client.post(address, data={"csrf": token, "why": "x"}).status_code == 403
    assert asked == []


def test_a_refusal_is_a_sentence_and_what_is_not_there_is_404(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(run: object, request: object) -> None:
        raise RefusedError("ito is taking a capture now; wait until it is over")

    client = signed_in(own)
    monkeypatch.setattr(diagnosis, "ask", refuse)
    answer = client.post("/diagnosis", data={"csrf": csrf(client)}, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.text) == (409, "ito is taking a capture now; wait until it is over")
    for name in ("none", "..%2f..%2fkeys", NAME):
        assert client.get(f"/diagnosis/{name}/capture.pcap").status_code == 404
