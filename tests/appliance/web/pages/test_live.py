"""A card appears when a call rings and changes as the call does; a break of the connection loses none and doubles none."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance import doorbell, ids, push_key
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.phone_records import PBX
from appliance.records import CallAnswered, Record
from appliance.web.accounts import Accounts
from tests.appliance.furnished import PATIENCE_S, Furnished, Served, replace_settings, serving, session_now, signed_in
from tests.appliance.hostile import INVISIBLE, NAMES, ring
from tests.appliance.web.pages.test_register import send
from tests.fakes import facts

CALLS = [ids.hash_id("live", place) for place in range(6)]


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    row: int
    kind: str
    data: dict[str, Any]


class Stream:
    """A live page's connection: its events, one by one."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """The next event; fails when there is none in time."""
        fields: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE_S
        for line in self._lines:
            assert time.monotonic() < deadline, "no event came in time"
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
        raise AssertionError("the stream ended")

    def rest(self) -> str:
        """What comes until the server ends the stream; raises when the connection breaks instead."""
        return "\n".join(self._lines)

    def quiet(self) -> None:
        """Read until the server says that there is nothing new."""
        for line in self._lines:
            assert not line.startswith(("id", "event", "data")), f"an event came: {line}"
            if line == ": still here":
                return
        raise AssertionError("the stream ended")


@dataclass(frozen=True, slots=True)
class Watched:
    """A running console, and what one may do to its box."""

    at: Furnished
    served: Served
    token: str

    @contextmanager
    def stream(self, after: int | str, **headers: str) -> Iterator[Stream]:
        """A live page that knows everything up to this row."""
        with (
            self.served.client(self.token) as client,
            client.stream("GET", f"/live/events?after={after}", headers={"Accept": "text/event-stream", **headers}) as answer,
        ):
            assert answer.status_code == 200
            yield Stream(answer)

    def happen(self, *records: Record, rung: bool = True) -> list[int]:
        """Write these facts as a service does, and ring; returns their rows."""
        with self.at.ledger() as ledger:
            rows = ledger.append(*records)
        if rung:
            doorbell.ring(self.at.box.folders.run)
        return rows

    def last_row(self) -> int:
        with self.at.ledger() as ledger:
            return ledger.last_row()


@pytest.fixture(scope="module")
def house(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A console in a process of its own."""
    folder = tmp_path_factory.mktemp("live")
    at = furnished.copy(folder / "var")
    with serving(at.box, folder / "errors") as served:
        yield Watched(at, served, session_now(at.box))


def story(call: str, at: int) -> list[Record]:
    """A call from its first ring to its end."""
    return [
        facts.ringing(call=call, at=at),
        facts.answered(call=call, at=at + SECOND),
        facts.ended(call=call, at=at + 2 * SECOND, answered_at=at + SECOND),
        facts.not_recorded(call=call, at=at + 3 * SECOND),
    ]


# The page


def test_the_page_shows_what_rings_and_what_has_ended_and_which_row_it_knows(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.append(facts.ringing(call=CALLS[0], at=own.now))
        row = ledger.last_row()
    page = signed_in(own).get("/live").text
    under_way, waiting, recent = re.split('id="(?:waiting|recent)"', page)
    assert re.findall(r'id="card-([a-z2-7]{16})"', under_way) == [CALLS[0]]
    missed = re.findall(r'id="card-([a-z2-7]{16})"', waiting)
    assert own.calls["missed"] in missed
    assert {*missed, *re.findall(r'id="card-([a-z2-7]{16})"', recent)} == set(own.calls.values())
    assert f'data-row="{row}"' in page


def test_calls_of_yesterday_are_not_shown_as_recent(own: Furnished) -> None:
    clock = own.clock()
    client = signed_in(own, clock=clock)
    clock.step(11 * 3600)
    assert client.get("/live").text.count('id="card-') == len(own.calls)
    clock.step(11 * 3600)
    client.get("/live")
    clock.step(3 * 3600)
    left = client.get("/live").text
    assert left.count('id="card-') == left.split('id="waiting"')[1].split('id="recent"')[0].count('id="card-'), "missed calls stay"
    assert own.calls["missed"] in left


def test_a_call_that_the_telephone_system_tells_of_too_has_one_card(own: Furnished) -> None:
    with own.ledger() as ledger:
        for call, via in ((CALLS[0], "tap"), (CALLS[1], PBX)):
            ledger.append(facts.ringing(call=call, via=via, sip_call_id="one@host", at=own.now))
    page = signed_in(own).get("/live").text
    assert re.findall(r'id="card-([a-z2-7]{16})"', page.partition('id="waiting"')[0]) == [CALLS[0]]


# The stream


def test_the_card_of_what_the_tap_saw_takes_the_place_of_the_other_one_that_came_before(house: Watched) -> None:
    told, seen = (ids.hash_id("twice", place) for place in range(2))
    with house.stream(house.last_row()) as stream:
        house.happen(facts.ringing(call=told, via=PBX, sip_call_id="twice@host"))
        assert stream.next().data["call"] == told
        house.happen(facts.ringing(call=seen, sip_call_id="twice@host"))
        event = stream.next()
        assert (event.data["call"], event.data["legs"]) == (seen, [told])
        house.happen(CallAnswered(at=house.at.now, call=told, by="201"))
        event = stream.next()
        assert event.data["call"] == seen and "201" in event.data["html"]


def test_a_call_that_rings_is_sent_as_a_card_with_its_row(house: Watched) -> None:
    with house.stream(house.last_row()) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        stream.quiet()
        (row,) = house.happen(facts.ringing(call=CALLS[0], caller_name="高橋"))
        event = stream.next()
        assert (event.row, event.kind) == (row, "card")
        assert (event.data["call"], event.data["state"]) == (CALLS[0], "ringing")
        assert f'id="card-{CALLS[0]}"' in event.data["html"] and "高橋" in event.data["html"]


def test_a_card_comes_even_when_the_bell_was_not_heard(house: Watched) -> None:
    with house.stream(house.last_row()) as stream:
        stream.quiet()
        (row,) = house.happen(facts.ringing(call=CALLS[1]), rung=False)
        assert stream.next().row == row


def test_the_card_follows_the_call_to_its_end(house: Watched) -> None:
    with house.stream(house.last_row()) as stream:
        seen = []
        for record in story(CALLS[2], house.at.now):
            rows = house.happen(record)
            event = stream.next()
            assert [event.row] == rows
            seen.append(event.data["state"])
        assert seen == ["ringing", "answered", "ended", "ended"]


def test_other_facts_are_no_cards(house: Watched) -> None:
    with house.stream(house.last_row()) as stream:
        stream.quiet()
        house.happen(facts.stored())
        stream.quiet()


def test_a_call_that_changed_often_meanwhile_is_sent_once_as_it_is_now(house: Watched) -> None:
    before = house.last_row()
    rows = house.happen(*story(CALLS[3], house.at.now), facts.ringing(call=CALLS[4]))
    with house.stream(before) as stream:
        first, second = stream.next(), stream.next()
        stream.quiet()
    assert (first.row, first.data["call"], first.data["state"]) == (rows[3], CALLS[3], "ended")
    assert (second.row, second.data["call"], second.data["state"]) == (rows[4], CALLS[4], "ringing")


def test_calls_that_change_in_turns_come_in_the_order_of_their_last_change(house: Watched) -> None:
    before = house.last_row()
    one, other = ids.hash_id("one"), ids.hash_id("other")
    rows = house.happen(facts.ringing(call=one), facts.ringing(call=other), facts.answered(call=one))
    with house.stream(before) as stream:
        found = [stream.next(), stream.next()]
    assert [(event.row, event.data["call"]) for event in found] == [(rows[1], other), (rows[2], one)]


def test_a_page_that_comes_back_again_and_again_misses_nothing_and_sees_nothing_twice(house: Watched) -> None:
    begin = house.last_row()
    names = [ids.hash_id("again", place) for place in range(12)]
    told: dict[str, str] = {}
    rows: list[int] = []
    for place, name in enumerate(names):
        house.happen(*story(name, house.at.now + place)[: 1 + place % 3])
        if place % 3 == 2:
            headers = {"Last-Event-ID": str(rows[-1])} if rows else {}
            with house.stream(begin, **headers) as stream:
                for _ in range(2):  # of the three that wait; the third is for the next visit
                    event = stream.next()
                    rows.append(event.row)
                    told[event.data["call"]] = event.data["state"]
    with house.stream(begin, **{"Last-Event-ID": str(rows[-1])}) as stream:
        while set(told) != set(names):
            event = stream.next()
            rows.append(event.row)
            told[event.data["call"]] = event.data["state"]
        stream.quiet()
    assert rows == sorted(set(rows)), "every row once, in order"
    assert told == {name: ("ringing", "answered", "ended")[place % 3] for place, name in enumerate(names)}


def test_more_than_a_readings_worth_of_rows_is_sent_in_full(house: Watched) -> None:
    begin = house.last_row()
    names = [ids.hash_id("many", place) for place in range(1100)]
    rows = house.happen(*(facts.ringing(call=name) for name in names))
    with house.stream(begin) as stream:
        events = [stream.next() for _ in names]
    assert [event.row for event in events] == rows
    assert [event.data["call"] for event in events] == names


@pytest.mark.parametrize("known", ["99999999999999999999", "9223372036854775808", "1000000", "-1", "x", "", "1.5", "0x1"])
def test_a_row_that_cannot_be_known_does_not_silence_the_stream(house: Watched, known: str) -> None:
    before = house.last_row()
    with house.stream(before, **{"Last-Event-ID": known}) as stream:
        stream.quiet()
        (row,) = house.happen(facts.ringing(call=ids.hash_id("known", known)))
        assert stream.next().row == row


def test_a_page_that_knows_more_than_the_ledger_goes_on_from_now(house: Watched) -> None:
    with house.stream(10**30) as stream:
        stream.quiet()
        (row,) = house.happen(facts.ringing(call=ids.hash_id("replaced")))
        assert stream.next().row == row


def test_the_stream_ends_when_the_session_does_however_much_goes_on(house: Watched) -> None:
    with Ledger.open(house.at.box.folders.ledger) as ledger:
        token = session_now(house.at.box, "leaving")
        leaving = Watched(house.at, house.served, token)
        with leaving.stream(leaving.last_row()) as stream:
            stream.quiet()
            Accounts(ledger, house.at.clock().now, 12).sign_out(token)
            (row,) = house.happen(facts.ringing(call=ids.hash_id("after the end")))
            assert f"id: {row}" not in stream.rest(), "nothing is told to who has left"


def test_a_card_holds_what_a_stranger_wrote_as_text(house: Watched) -> None:
    with house.stream(house.last_row()) as stream:
        for number, name in enumerate(NAMES):
            call = ring(house.at, name.encode(), number)
            event = stream.next()
            while event.data["call"] != call:
                event = stream.next()
            page = event.data["html"]
            assert set(re.findall(r"<(/?\w+)", page)) <= {
                "article", "/article", "p", "/p", "svg", "/svg", "use", "span", "/span", "strong", "/strong", "time", "/time", "bdi",
                "/bdi", "a", "/a", "div", "/div", "form", "/form", "input", "button", "/button",
                "details", "/details",
                "summary", "/summary",
                "textarea", "/textarea", "label", "/label", "br",
            }  # fmt: skip
            assert not re.search(r"<[^>]* on\w+=", page)
            assert not INVISIBLE.search(page)


def test_a_console_that_is_told_to_stop_ends_its_streams_and_itself(own: Furnished, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with serving(own.box, tmp_path / "errors") as served:
            watched = Watched(own, served, session_now(own.box))
            with watched.stream(watched.last_row()) as stream:
                stream.quiet()
                served.process.send_signal(number)
                stream.rest()
            assert served.process.wait(PATIENCE_S) == 0
            assert "Traceback" not in served.errors.read_text()


def test_a_browser_is_told_of_calls_where_that_is_configured_and_its_service_named(own: Furnished) -> None:
    wanted = {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "p256dh": "B" + "A" * 86, "auth": "A" * 22}
    assert send(signed_in(own), "/live/push", **wanted).status_code == 404, "nobody wants it"
    own = replace_settings(own, '\n[popup]\npush_contact = "mailto:box@example.jp"\n')
    public = push_key.make(own.box.folders.keys).public
    client = signed_in(own)
    page = client.get("/live").text
    assert f'data-push-key="{public}"' in page and "/static/push.js" in page
    assert client.post("/live/push", data=wanted).status_code == 403, "no form of ours"
    for bad in (
        "http://fcm.googleapis.com/x",
        "https://evil.example/x",
        "https://169.254.169.254/",
        "https://fcm.googleapis.com.evil.example/",
    ):
        assert send(client, "/live/push", **{**wanted, "endpoint": bad}).status_code == 404, bad
    assert send(client, "/live/push", **{**wanted, "p256dh": "x"}).status_code == 409
    assert send(client, "/live/push", **wanted).status_code == 204
    with own.ledger() as ledger:
        (row,) = ledger.connection.execute("SELECT endpoint, language FROM push").fetchall()
    assert tuple(row) == (wanted["endpoint"], "ja")
