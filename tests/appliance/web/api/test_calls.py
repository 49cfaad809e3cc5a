"""A program finds calls, reads them, takes recordings away and writes beside them; what it does stands in the register under its name."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from appliance.box import Box
from appliance.calls import as_json
from appliance.library.register import entries
from appliance.moments import SECOND
from appliance.tap_control import MAX_REQUEST, short
from appliance.web.rights import Right
from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import client, program, token
from tests.fakes import facts


def said_of(at: Furnished) -> list[tuple[str, str, str]]:
    with at.ledger() as ledger:
        return [(entry.who, entry.kind, entry.thing) for entry in entries(ledger.connection, who="token:crm")]


def test_pages_hold_every_call_once_newest_first(own: Furnished) -> None:
    bearer, found, before = program(own), list[str](), ""
    while True:
        page = bearer.get("/calls", params={"limit": 2, "before": before}).json()
        found += [call["call"] for call in page["calls"]]
        if page["next"] is None:
            break
        before = page["next"]
    assert len(found) == len(own.calls)
    assert set(found) == set(own.calls.values())
    moments = [bearer.get(f"/calls/{call}").json()["started_at"] for call in found]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("asked", "samples"),
    [
        ({"number": "090-1234"}, {"inbound"}),
        ({"reason": "payphone"}, {"missed"}),
        ({"line": "03-1234-5679"}, {"counselling"}),
        ({"end": "2001-01-01"}, set()),
        ({"label": "none"}, set()),
    ],
)
def test_a_search_finds_what_the_page_finds(own: Furnished, asked: dict[str, str], samples: set[str]) -> None:
    names = {call: name for name, call in own.calls.items()}
    found = program(own).get("/calls", params=asked).json()["calls"]
    assert {names[call["call"]] for call in found} >= samples
    assert bool(found) is bool(samples)


@pytest.mark.parametrize(
    "asked", ["begin=x", "begin=2026-13-01", "direction=up", "limit=0", "limit=1000", "before=x", "shortest=-1"]
)
def test_a_value_that_makes_no_sense_is_refused_by_name(own: Furnished, asked: str) -> None:
    answer = program(own).get(f"/calls?{asked}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(asked.partition("=")[0])


def test_a_call_is_what_the_command_line_prints_with_its_note_and_labels(own: Furnished) -> None:
    bearer, call = program(own), own.calls["inbound"]
    told = bearer.get(f"/calls/{call}").json()
    printed = as_json(own.call("inbound"), own.recording("inbound"), own.box.config.site.zone)
    for name in ("caller", "caller_e164", "line", "direction", "duration", "recorded", "end_reason"):
        assert told[name] == printed[name], name
    assert told["recording"]["sha256"] == printed["recording"]["sha256"]
    assert (told["note"]["memo"], told["labels"]) == ("", [])


def test_a_recording_is_taken_away_and_stands_in_the_register_like_a_persons(own: Furnished) -> None:
    bearer, call = program(own), own.calls["inbound"]
    whole = bearer.get(f"/calls/{call}/recording")
    assert whole.status_code == 200
    assert whole.content[:4] in (b"fLaC", b"OggS")
    assert 'filename="2' in whole.headers["content-disposition"]
    part = bearer.get(f"/calls/{call}/recording", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, whole.content[:4])
    beyond = bearer.get(f"/calls/{call}/recording", headers={"Range": "bytes=999999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")
    assert set(said_of(own)) == {("token:crm", "Exported", own.recording("inbound").facts.recording)}
    assert bearer.get(f"/calls/{own.calls['missed']}/recording").status_code == 404


def test_where_a_copy_needs_an_approval_a_token_needs_it_too(own: Furnished) -> None:
    settings = own.box.folders.data / "appliance.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[register_of_access]\napprove_copies = true\n", "utf-8")
    strict = Furnished(Box.at(own.box.folders.data), own.calls, own.now, own.token)
    answer = program(strict).get(f"/calls/{own.calls['inbound']}/recording")
    assert answer.status_code == 403
    assert said_of(own) == []


def test_labels_and_marks_are_put_and_taken(own: Furnished) -> None:
    clock, call = own.clock(), own.calls["inbound"]
    bearer = client(own, token(own), clock)
    assert bearer.put(f"/calls/{call}/labels/苦情").json() == ["苦情"]
    assert bearer.put(f"/calls/{call}/labels/a-1").json() == ["a-1", "苦情"]
    clock.forward(1)
    assert bearer.delete(f"/calls/{call}/labels/苦情").json() == ["a-1"]
    for wrong, status in (("a%20b", 409), ("%3Cb%3E", 409), ("a%0A", 404), ("x" * 41, 422), ("a%2Fb", 404)):
        assert bearer.put(f"/calls/{call}/labels/{wrong}").status_code == status, wrong
    made = bearer.post(f"/calls/{call}/marks", json={"seconds": 1.5, "note": " 納期\nの話 "})
    assert (made.status_code, made.json()["note"], made.json()["who"]) == (201, "納期 の話", "token:crm")
    assert bearer.get(f"/calls/{call}/marks").json() == [made.json()]
    assert bearer.delete(f"/calls/{call}/marks/{made.json()['id']}").status_code == 204
    assert bearer.delete(f"/calls/{call}/marks/{made.json()['id']}").status_code == 404
    assert bearer.get(f"/calls/{call}/marks").json() == []
    assert [kind for _who, kind, _thing in said_of(own)] == ["Changed", "Changed", *["RecordingLabelled"] * 3]


def test_a_memo_is_kept_and_left_alone(own: Furnished) -> None:
    bearer, call = program(own), own.calls["missed"]
    assert bearer.put(f"/calls/{call}/note", json={"memo": "call back", "follow_up": "open"}).json()["follow_up"] == "open"
    told = bearer.put(f"/calls/{call}/note", json={"follow_up": "done"}).json()
    assert (told["memo"], told["memo_by"], told["follow_up"]) == ("call back", "token:crm", "done")
    wrongs: list[object] = [{"memo": 1}, {"memo": "x", "other": 1}, {"follow_up": "later"}, [], "x"]
    for wrong in wrongs:
        assert bearer.put(f"/calls/{call}/note", json=wrong).status_code == 422


@contextmanager
def tap(at: Furnished) -> Iterator[list[dict[str, str]]]:
    """A tap's control socket, which refuses with "no" and otherwise does what it is asked; what it was asked."""
    asked: list[dict[str, str]] = []
    at.box.folders.run.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, short(at.box.folders.run) as folder:
        listener.bind(f"{folder}/eth9.control")
        listener.listen()

        def answer() -> None:
            with suppress(OSError):  # the listener was shut down: the test is over
                while True:
                    peer, _address = listener.accept()
                    with peer:
                        asked.append(json.loads(peer.recv(MAX_REQUEST)))
                        refused = asked[-1]["why"] == "no"
                        peer.send(
                            json.dumps({"error": "it is not recorded"} if refused else {"at": at.now, "until": None}).encode()
                        )

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_recording_is_paused_and_resumed_by_the_tap_with_the_tokens_name(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.append(facts.ringing(at=own.now - SECOND))
    bearer = program(own, Right.PAUSE)
    with tap(own) as asked:
        done = bearer.post(f"/calls/{facts.CALL}/pause", json={"why": "card number"})
        assert (done.status_code, done.json()["paused"], done.json()["until"]) == (200, True, None)
        assert done.json()["at"]
        assert bearer.post(f"/calls/{facts.CALL}/resume", json={}).json()["paused"] is False
        refused = bearer.post(f"/calls/{facts.CALL}/pause", json={"why": "no"})
        assert (refused.status_code, refused.json()["detail"]) == (409, "it is not recorded")
        assert bearer.post(f"/calls/{own.calls['inbound']}/pause", json={}).status_code == 409, "it is over"
    assert [(one["do"], one["who"], one["why"]) for one in asked][:2] == [
        ("pause", "token:crm", "card number"),
        ("resume", "token:crm", ""),
    ]
    assert len(asked) == 3


def test_without_a_tap_that_is_said(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.append(facts.ringing(at=own.now - SECOND))
    answer = program(own).post(f"/calls/{facts.CALL}/pause", json={})
    assert answer.status_code == 503
    assert "no " in answer.json()["detail"]
