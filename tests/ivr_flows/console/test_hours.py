"""The year says of each day whether it is open and why; a date of its own goes into the draft and is shown before it counts."""

from __future__ import annotations

from datetime import date

from appliance.box import Box
from ivr_flows import drafts
from ivr_flows.console.hours import year_of
from ivr_flows.holidays import SHIPPED
from tests.appliance.furnished import TestClient
from tests.ivr_flows.console.conftest import Post
from tests.ivr_flows.made import whole


def test_each_day_of_a_year_is_told() -> None:
    days = {
        day.day: day for month in year_of(whole().calendars["office"], 2027, SHIPPED) for week in month for day in week if day
    }  # fmt: skip
    assert len(days) == 365
    assert (days[date(2027, 1, 6)].kind, days[date(2027, 1, 6)].hours) == ("open", "9:00–12:00 13:00–18:00")
    assert (days[date(2027, 2, 11)].kind, days[date(2027, 2, 11)].what) == ("holiday", "建国記念の日")
    assert days[date(2027, 12, 30)].kind == "shut closed"
    assert days[date(2027, 5, 1)].kind == "opened open"
    assert days[date(2027, 1, 10)].kind == "closed"


def test_a_date_of_its_own_is_written_into_the_draft_and_shown(office: Box, client: TestClient, post: Post) -> None:
    assert "まだありません" in client.get("/phone/hours").text
    post("/phone/flows", flow="main")
    shown = client.get("/phone/hours?year=2027").text
    assert "建国記念の日" in shown and 'class="holiday"' in shown
    answer = post("/phone/hours", calendar="main/office", first="2027-05-06", do="close")
    assert answer.status_code == 200 and "2027-05-06" in answer.text and 'name="confirm"' in answer.text
    draft = drafts.read(office.folders.data, "main")
    assert draft is not None and 'closed_dates: ["2027-05-06", jp-holidays' in draft.text
    assert "shut closed" in client.get("/phone/hours?year=2027").text
    post("/phone/hours", calendar="main/office", first="2027-05-06", do="open", hours="10:00-15:00")
    assert "opened open" in client.get("/phone/hours?year=2027").text


def test_what_is_no_date_and_no_hours_is_said(post: Post) -> None:
    post("/phone/flows", flow="main")
    for fields in (
        {"first": "x"},
        {"first": "2027-05-06", "do": "open", "hours": "ten"},
        {"first": "2027-05-06", "calendar": "a/b"},
    ):
        assert post("/phone/hours", **{"calendar": "main/office", **fields}).status_code == 409


def test_a_newer_table_of_holidays_is_taken_in(client: TestClient, post: Post) -> None:
    post("/phone/holidays", file=("syukujitsu.csv", "日付,名称\n2028/1/1,元日\n".encode("cp932")))
    assert "2028-12-31" in client.get("/phone/hours").text
    assert post("/phone/holidays", file=("x.csv", b"nothing")).status_code == 503
    assert post("/phone/holidays").status_code == 409
