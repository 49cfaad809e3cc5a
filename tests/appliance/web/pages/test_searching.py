"""Search in the console: every field of the form, searches kept by name, and what was found as a file without formulas."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.popups import desk
from appliance.records import Exported, RecordingHeld, RecordingLabelled
from appliance.web.accounts import Accounts
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in
from tests.fakes import facts


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, **fields: str) -> httpx.Response:
    answer: httpx.Response = client.post(path, data={"csrf": csrf(client), **fields})
    return answer


def found(client: TestClient, **asked: str) -> list[str]:
    page = client.get("/calls", params=asked).text
    return re.findall(r'<td class="when"><a href="/calls/([a-z2-7]{16})"', page)


@pytest.fixture
def told(own: Furnished) -> Furnished:
    """A box in which people said something of the inbound call."""
    name, recording = own.calls["inbound"], own.recording("inbound").facts.recording
    with own.ledger() as ledger:
        desk.take(ledger, name, "sato", own.now)
        desk.write(ledger, name, "sato", "納期の件で折り返し", "open", own.now)
        ledger.append(
            RecordingLabelled(at=own.now, recording=recording, label="重要案件", labelled=True, who="sato"),
            RecordingHeld(at=own.now, recording=recording, held=True, who="sato", why="case 1"),
        )
    return own


@pytest.mark.parametrize(
    "asked",
    [
        {"who": "sato"}, {"memo": "納期"}, {"label": "重要案件"}, {"held": "1"}, {"number": "090-1234*", "direction": "inbound"},
        {"number": "*5678", "direction": "inbound", "who": "sato"}, {"who": "sato", "label": "重要案件", "memo": "折り返し", "held": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_each_field_finds_the_call_it_is_about(told: Furnished, asked: dict[str, str]) -> None:
    assert told.calls["inbound"] in found(signed_in(told), **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"who": "ito"},
        {"memo": "請求"},
        {"label": "重要"},
        {"number": "*0901"},
        {"longest": "0", "shortest": "1"},
        {"who": "' OR 1"},
    ],
)
def test_what_does_not_fit_is_not_found(told: Furnished, asked: dict[str, str]) -> None:
    assert told.calls["inbound"] not in found(signed_in(told), **asked)


def test_by_line_reason_and_length(told: Furnished) -> None:
    client = signed_in(told)
    assert found(client, line="03-1234-5679") == [told.calls["counselling"]]
    assert told.calls["anonymous"] in found(client, reason="anonymous")
    talk = int(told.call("inbound").duration)
    assert told.calls["inbound"] in found(client, shortest=str(talk), longest=str(talk + 1))
    assert told.calls["inbound"] not in found(client, shortest=str(talk + 1))


def test_a_customers_name_finds_their_calls(told: Furnished) -> None:
    with told.ledger() as ledger:
        book = Book(ledger, told.clock().now, told.box.config.number)
        book.save(Customer(name="高橋 一", kana="タカハシ", numbers=(told.call("inbound").caller,)), "test")
    client = signed_in(told)
    assert told.calls["inbound"] in found(client, number="たかはし")
    assert "高橋 一" in client.get("/calls").text


def test_a_search_is_kept_used_and_forgotten_by_its_owner_alone(told: Furnished) -> None:
    client = signed_in(told)
    answer = send(client, "/searches", name="折り返し", query="memo=%E7%B4%8D%E6%9C%9F&evil=1&number=0<9")
    assert answer.headers["location"] == "/calls?memo=%E7%B4%8D%E6%9C%9F&number=0%3C9"
    page = client.get("/calls").text
    assert "memo=%E7%B4%8D%E6%9C%9F&amp;number=0%3C9" in page
    with told.ledger() as ledger:
        accounts = Accounts(ledger, told.clock().now, 12)
        other = browser(told.box, told.clock(), accounts.sign_in("ito", accounts.one_time_password("ito", "manager"), "-"))
    assert "折り返し</a>" not in other.get("/calls").text
    send(client, "/searches", name="折り返し", do="forget")
    assert "折り返し</a>" not in client.get("/calls").text
    assert send(client, "/searches", name="").status_code == 409
    assert client.post("/searches", data={"csrf": "x", "name": "y"}).status_code == 403


def test_what_was_found_is_taken_away_without_formulas_and_the_register_says_so(told: Furnished) -> None:
    with told.ledger() as ledger:
        ledger.append(facts.ringing(call="a" * 16, at=told.now, caller_name='=HYPERLINK("http://evil")'))
        desk.write(ledger, "a" * 16, "sato", "+1\n@x", "", told.now)
    client = signed_in(told)
    text = client.get("/calls.csv", params={"number": "hyperlink"}).text
    assert text.splitlines()[0].startswith("\ufeffbegan,direction,caller")
    assert "\"'=HYPERLINK" in text
    assert '"\'+1\n@x"' in text
    assert told.calls["inbound"] not in text
    everything = client.get("/calls.csv").text
    assert all(call in everything for call in told.calls.values())
    assert "重要案件" in everything
    with told.ledger() as ledger:
        entry = ledger.latest(Exported, "calls")
    assert entry is not None and isinstance(entry.record, Exported)
    assert (entry.record.who, entry.record.what) == ("admin", "calls csv")


def test_a_limited_role_takes_away_only_what_it_sees(told: Furnished) -> None:
    from dataclasses import replace

    with told.ledger() as ledger:
        roles = Roles(ledger, told.clock().now)
        made = roles.add("counsellor", [Right.SEARCH, Right.EXPORT], "test")
        roles.save(replace(made, lines=("03-1234-5679",)), "test")
        accounts = Accounts(ledger, told.clock().now, 12)
        client = browser(told.box, told.clock(), accounts.sign_in("c", accounts.one_time_password("c", made.id), "-"))
    text = client.get("/calls.csv").text
    assert told.calls["counselling"] in text
    assert told.calls["inbound"] not in text
