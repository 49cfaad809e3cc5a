"""A disclosure on the page: found by number, chosen, packed by the janitor, fetched once; approval where the site demands it."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from appliance.library.packing import Packing
from tests.appliance.furnished import Furnished, signed_in
from tests.appliance.web.pages.test_register import send, somebody, strict

NUMBER = "090-1234-5678"


def pack(own: Furnished) -> None:
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()


def test_a_persons_calls_are_packed_and_fetched_once(own: Furnished) -> None:
    client, call = signed_in(own), own.calls["inbound"]
    found = send(client, "/disclosures", number=NUMBER).text
    assert f'value="{call}"' in found and own.calls["internal"] not in found
    answer = send(client, "/disclosures", number=NUMBER, do="pack", chosen=call, why="請求 12")
    assert answer.status_code == 303
    assert "作成しています" in client.get("/disclosures").text
    pack(own)
    (package,) = re.findall(r'action="/disclosures/(\w+)/fetch"', client.get("/disclosures").text)
    fetched = send(client, f"/disclosures/{package}/fetch")
    assert fetched.headers["content-type"] == "application/zip"
    assert f"disclosure-{package}.zip" in fetched.headers["content-disposition"]
    assert any(name.endswith("audio.flac") for name in zipfile.ZipFile(io.BytesIO(fetched.content)).namelist())
    assert send(client, f"/disclosures/{package}/fetch").status_code == 404
    register = client.get("/register").text
    assert "請求 12" in register and f"disclosure {package}" in register


@pytest.mark.parametrize(
    "fields",
    [{"chosen": "x", "why": "請求"}, {"why": "請求 12"}, {"chosen": "CALL", "why": ""}, {"chosen": "CALL", "why": "090-1234-5678"}],
)
def test_without_a_choice_or_a_request_nothing_is_packed(own: Furnished, fields: dict[str, str]) -> None:
    told = {name: value.replace("CALL", own.calls["inbound"]) for name, value in fields.items()}
    assert send(signed_in(own), "/disclosures", number=NUMBER, do="pack", **told).status_code == 409


def test_another_persons_call_is_not_packed_whatever_is_sent(own: Furnished) -> None:
    answer = send(signed_in(own), "/disclosures", number=NUMBER, do="pack", chosen=own.calls["internal"], why="請求 12")
    assert answer.status_code == 409


def test_where_the_site_demands_it_somebody_else_allows_each_copy_first(own: Furnished) -> None:
    own, call = strict(own), own.calls["inbound"]
    sato, boss = somebody(own, "sato", "administrator"), signed_in(own)
    assert "他の人の承認が必要です" in send(sato, "/disclosures", number=NUMBER).text
    assert send(sato, "/disclosures", number=NUMBER, do="pack", chosen=call, why="請求 12").status_code == 409
    send(sato, f"/calls/{call}/ask", what="copy", why="開示請求")
    word = re.findall(r'action="/requests/(\w+)"', boss.get("/requests").text)[0]
    send(boss, f"/requests/{word}", call=call, do="allow")
    assert send(sato, "/disclosures", number=NUMBER, do="pack", chosen=call, why="請求 12").status_code == 303


def test_what_is_no_package_is_not_here(own: Furnished) -> None:
    for name in ("..", "a" * 16, "%2e%2e%2fledger"):
        assert send(signed_in(own), f"/disclosures/{name}/fetch").status_code in (404, 405)
