"""A table is uploaded, its columns are mapped, it is looked at, taken in and undone, step by step in the console."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.appliance.furnished import Furnished, TestClient, signed_in

TABLE = "氏名,カナ,電話,住所\r\n髙橋,タカハシ,090-1111-2222,東京\r\n=危険,,03-1111-2222,大阪\r\n,,,\r\n,,06-1,\r\n".encode("cp932")


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


def upload(client: TestClient, raw: bytes, name: str = "顧客.csv") -> httpx.Response:
    answer: httpx.Response = client.post("/customers/import", data={"csrf": csrf(client)}, files={"table": (name, raw, "text/csv")})
    return answer


def step(client: TestClient, page: str, do: str, *columns: str) -> httpx.Response:
    word = re.findall(r'action="/customers/import/([\w-]+)"', page)[0]
    answer: httpx.Response = client.post(
        f"/customers/import/{word}",
        data={"csrf": csrf(client), "do": do, "columns": list(columns) or ["name", "kana", "number", ""]},
    )
    return answer


def test_a_table_is_looked_at_taken_in_and_undone(own: Furnished) -> None:
    client = signed_in(own)
    page = upload(client, TABLE).text
    assert "CP932" in page
    assert re.findall(r'<option value="(\w+)" selected', page) == ["name", "kana", "number"]
    assert "4 行目" in page, "the row without a name is named"
    assert "髙橋" not in client.get("/customers").text
    again = step(client, page, "look", "name", "", "number", "memo").text
    assert "タカハシ" not in again.split("先頭の行")[1]
    done = step(client, page, "take").text
    assert "顧客を取り込みました" in done
    assert "髙橋" in client.get("/customers").text
    assert step(client, page, "take").status_code == 409, "the file is held no longer"
    batch = re.findall(r"/customers/import/(\w+)/undo", client.get("/customers/import").text)[0]
    answer = client.post(f"/customers/import/{batch}/undo", data={"csrf": csrf(client)})
    assert answer.headers["location"] == "/customers/import?undone=2.0"
    assert "2 件を元に戻しました" in client.get(answer.headers["location"]).text
    assert "髙橋" not in client.get("/customers").text


def test_columns_that_name_nobody_are_said_in_words(own: Furnished) -> None:
    client = signed_in(own)
    page = upload(client, TABLE).text
    answer = step(client, page, "look", "", "", "number", "")
    assert answer.status_code == 200
    assert "名前か会社名の列を選んでください" in answer.text


@pytest.mark.parametrize("raw", [b"", b"\x89PNG\x00\x00", b"name\n"])
def test_what_is_no_table_is_refused_in_words(own: Furnished, raw: bytes) -> None:
    answer = upload(signed_in(own), raw)
    assert answer.status_code == 409
    assert 'class="narrow panel empty"' in answer.text


def test_another_persons_file_is_not_mine(own: Furnished) -> None:
    from appliance.web.accounts import Accounts
    from tests.appliance.furnished import browser, open_session

    page = upload(signed_in(own), TABLE).text
    with own.ledger() as ledger:
        token = open_session(Accounts(ledger, own.clock().now, 12), "ito")
    assert step(browser(own.box, own.clock(), token), page, "look").status_code == 409
