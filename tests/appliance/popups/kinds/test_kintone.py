"""kintone is asked in its own words (cybozu.dev: GET records.json, PUT record.json, POST record/comment.json) with the app's token.

The server here speaks kintone's protocol as documented; it is not kintone.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from appliance.popups.asking import RefusedError
from appliance.popups.kinds.kintone import Options, asked, look_up, tell
from appliance.popups.known import Caller, Event, Found
from tests.bed.crm import Asked, Crm, crm

CALLER = Caller("09012345678", "+819012345678", "090-1234-5678")
SECRET = {"token": "tok3n"}
PATIENCE = 20.0
RECORD = {
    "$id": {"type": "__ID__", "value": "42"}, "氏名": {"type": "SINGLE_LINE_TEXT", "value": "高橋 一"},
    "会社": {"type": "SINGLE_LINE_TEXT", "value": "高橋工務店"}, "メモ": {"type": "MULTI_LINE_TEXT", "value": "納期に\n厳しい"},
}  # fmt: skip


def options(system: Crm, **more: Any) -> Options:
    return Options(
        url=system.url, app=7, number_fields=["TEL", "携帯"], name_field="氏名", company_field="会社", memo_field="メモ", **more
    )


def office(asked: Asked) -> tuple[int, Any]:
    if asked.headers.get("x-cybozu-api-token") != "tok3n":
        return 401, {"code": "CB_WA01", "message": "認証に失敗"}
    if asked.method == "GET":
        return 200, {"records": [RECORD] if "09012345678" in asked.path else []}
    return 200, {"revision": "2"}


def test_a_caller_is_found_in_every_form_of_the_number_and_field() -> None:
    with crm(office) as system:
        found = look_up(options(system), SECRET, CALLER, PATIENCE)
        assert found == Found("高橋 一", "高橋工務店", "納期に 厳しい", f"{system.url}/k/7/show#record=42", "42")
    parts = urlsplit(system.asked[0].path)
    query = parse_qs(parts.query)
    assert parts.path == "/k/v1/records.json" and query["app"] == ["7"]
    assert query["query"] == [asked(["TEL", "携帯"], CALLER)]
    assert query["query"][0].startswith('TEL in ("09012345678", "090-1234-5678", "+819012345678") or 携帯 in (')
    assert [query[f"fields[{place}]"] for place in range(4)] == [["$id"], ["氏名"], ["会社"], ["メモ"]]


def test_an_app_of_a_guest_space_has_its_own_path() -> None:
    with crm(office) as system:
        chosen = options(system).model_copy(update={"url": f"{system.url}/k/guest/3"})
        assert look_up(chosen, SECRET, CALLER, PATIENCE) is not None
    assert system.asked[0].path.startswith("/k/guest/3/v1/records.json?")


def test_nobody_is_an_answer_and_a_wrong_token_is_told_without_it() -> None:
    with crm(office) as system:
        assert look_up(options(system), SECRET, Caller("0312345678", "", "03-1234-5678"), PATIENCE) is None
        with pytest.raises(RefusedError, match="answers 401") as told:
            look_up(options(system), {"token": "wr0ng"}, CALLER, PATIENCE)
        assert "wr0ng" not in str(told.value)
        with pytest.raises(RefusedError, match="no token"):
            look_up(options(system), {"token": "a\r\nX: y"}, CALLER, PATIENCE)


@pytest.mark.parametrize("said", [[], {"records": None}, {"error": 1}, "x"])
def test_what_does_not_answer_as_kintone_does_is_refused(said: Any) -> None:
    with crm(lambda asked: (200, said)) as system, pytest.raises(RefusedError, match="as kintone does"):
        look_up(options(system), SECRET, CALLER, PATIENCE)


def event(caller: Caller | None = CALLER) -> Event:
    return Event("k-1", "noted", 0, {"taken_by": "sato", "memo": "折り返し", "local_time": "2026-09-21 23:13"}, caller)


def test_a_memo_becomes_a_comment_and_nothing_is_overwritten() -> None:
    with crm(office) as system:
        tell(options(system, write_back="comment"), SECRET, event(), PATIENCE)
    assert (system.asked[1].method, system.asked[1].path) == ("POST", "/k/v1/record/comment.json")
    assert system.asked[1].tree == {"app": 7, "record": 42, "comment": {"text": "2026-09-21 23:13 sato\n折り返し"}}


def test_or_it_is_written_into_two_fields() -> None:
    with crm(office) as system:
        tell(options(system, write_back="fields", taken_field="担当", note_field="通話メモ"), SECRET, event(), PATIENCE)
    assert (system.asked[1].method, system.asked[1].path) == ("PUT", "/k/v1/record.json")
    assert system.asked[1].tree == {"app": 7, "id": 42, "record": {"担当": {"value": "sato"}, "通話メモ": {"value": "折り返し"}}}


@pytest.mark.parametrize(("write_back", "caller"), [("nothing", CALLER), ("comment", None)])
def test_without_a_wish_or_a_number_nothing_is_written(write_back: str, caller: Caller | None) -> None:
    with crm(office) as system:
        tell(options(system, write_back=write_back), SECRET, event(caller), PATIENCE)
    assert system.asked == []


@pytest.mark.parametrize("code", ['TEL" or 1=1', "a b", "", "a)"])
def test_a_field_code_never_becomes_part_of_the_question(code: str) -> None:
    with pytest.raises(ValidationError):
        Options(url="https://x.cybozu.com", app=1, number_fields=[code], name_field="n")
