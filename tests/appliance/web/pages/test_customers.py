"""The customer book in the console: found, changed, merged, exported; a caller is registered in one step."""

from __future__ import annotations

import re

import httpx

from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.records import CallLinked
from tests.appliance.furnished import Furnished, TestClient, signed_in


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, **fields: str | list[str]) -> httpx.Response:
    answer: httpx.Response = client.post(path, data={"csrf": csrf(client), **fields})
    return answer


def keep(own: Furnished, *customers: Customer) -> list[Customer]:
    with own.ledger() as ledger:
        book = Book(ledger, own.clock().now, own.box.config.number)
        return [book.save(customer, "test") for customer in customers]


def test_a_caller_is_registered_from_the_card_and_the_next_card_knows_them(own: Furnished) -> None:
    client, call = signed_in(own), own.calls["inbound"]
    link = re.findall(rf'href="(/customers/new\?[^"]*{call})"', client.get("/live").text)[0].replace("&amp;", "&")
    form = client.get(link).text
    assert "090-1234-5678" in form
    answer = send(
        client, "/customers/new", name="高橋 一", kana="タカハシ ハジメ", company="高橋工務店", numbers="090-1234-5678", call=call
    )
    assert answer.headers["location"] == "/live"
    page = client.get("/live").text
    assert "高橋 一" in page
    assert "タカハシ ハジメ" in page
    with own.ledger() as ledger:
        linked = ledger.latest(CallLinked, call)
    assert linked is not None


def test_a_card_shows_everybody_on_the_number_and_marks_who_is_blocked(own: Furnished) -> None:
    number = own.call("inbound").caller
    keep(
        own,
        Customer(name="父", numbers=(number,)),
        Customer(name="母", numbers=(number,), important=True),
        Customer(name="迷惑", numbers=(number,), blocked=True),
    )
    card = signed_in(own).get("/live").text.split(f'id="card-{own.calls["inbound"]}"')
    assert "blocked" in card[0].rsplit("<article", 1)[1]
    shown = card[1].split("</article>")[0]
    assert shown.index("母") < shown.index("父")
    assert "着信拒否" in shown


def test_found_by_part_of_the_kana_and_by_label(own: Furnished) -> None:
    keep(own, Customer(name="佐藤", kana="サトウ", labels=("得意先",)), Customer(name="鈴木"))
    client = signed_in(own)
    for query in ("q=とう", "q=佐", "label=得意先"):
        page = client.get(f"/customers?{query}").text
        assert "佐藤" in page, query
        assert "鈴木" not in page, query
    assert "該当する顧客はありません" in client.get("/customers?q=zzz").text


def test_changed_merged_and_removed(own: Furnished) -> None:
    whole = Customer(name="佐藤", numbers=("0311112222",), company="さくら")
    first, second = keep(own, Customer(name="佐藤", numbers=("0311112222",)), whole)
    client = signed_in(own)
    assert first.id in client.get("/customers/duplicates").text
    assert send(client, "/customers/merge", ids=[first.id, second.id]).headers["location"] == f"/customers/{first.id}"
    assert "さくら" in client.get(f"/customers/{first.id}").text
    assert send(client, f"/customers/{first.id}", name="", company="").status_code == 409
    send(client, f"/customers/{first.id}", do="remove")
    assert client.get(f"/customers/{first.id}").status_code == 404
    assert send(client, f"/customers/{first.id}", name="x").status_code == 404
    assert send(client, "/customers/merge").status_code == 409


def test_hostile_names_are_text_on_the_page_and_no_formula_in_the_file(own: Furnished) -> None:
    (made,) = keep(own, Customer(name="<script>alert(1)</script>", company='=HYPERLINK("http://evil")', memo="a"))
    client = signed_in(own)
    for path in ("/customers", f"/customers/{made.id}"):
        assert "<script>alert" not in client.get(path).text
    answer = client.get("/customers/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=HYPERLINK" in answer.text
    assert '"=HYPERLINK' not in answer.text


def test_forms_that_are_not_ours_change_nothing(own: Furnished) -> None:
    (made,) = keep(own, Customer(name="佐藤"))
    client = signed_in(own)
    for path in (f"/customers/{made.id}", "/customers/new", "/customers/merge", "/customers/import/x", "/customers/import/x/undo"):
        assert client.post(path, data={"csrf": "x", "name": "y", "do": "remove"}).status_code == 403, path
    assert "佐藤" in client.get("/customers").text
