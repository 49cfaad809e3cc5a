"""The overview says why a trunk is down, and which route takes a call, as the dialplan would."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Heartbeat
from ivr_flows.console.overview import pages, route_for
from tests.appliance.furnished import TestClient
from tests.fakes.clock import START
from tests.ivr_flows.console.conftest import Post
from tests.ivr_flows.console.test_flows import SILENT, published


def test_every_page_names_the_right_and_nothing_else() -> None:
    assert {page.rights for page in pages()} == {("phone",)}
    assert len({(page.path, page.method) for page in pages()}) == len(pages())


def test_a_trunk_that_is_down_says_why(office: Box, client: TestClient) -> None:
    assert "不明" in client.get("/phone").text
    with Ledger.open(office.folders.ledger) as ledger:
        detail = {
            "trunks": {"main": {"registration": "Rejected", "contact": "Reachable"}},
            "desks": {"201": {"at": "192.168.1.31:5060", "forward": "09012345678"}},
        }
        ledger.beat(Heartbeat(at=START, service="ivr", pid=1, state="ok", detail=detail))
    shown = client.get("/phone").text
    assert "使えません" in shown and "192.168.1.1" in shown
    assert "HGW" in shown
    assert "登録済み 192.168.1.31:5060 · 転送先 09012345678" in shown


@pytest.mark.parametrize(
    ("called", "caller", "route"),
    [
        ("0312345678", "03-1234-0000", "vip"), ("0312345678", "09011112222", "vip"), ("0312345678", "0399998888", "front"),
        ("0312345678", "payphone", "front"), ("0311112222", "0399998888", None),
    ],
)  # fmt: skip
def test_the_route_is_the_dialplans(office: Box, called: str, caller: str, route: str | None) -> None:
    found = route_for(office.config, called, caller)
    assert (found.name if found else None) == route


def test_what_happens_is_told_to_the_end(client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    published(post, SILENT)
    shown = client.get("/phone?at=2027-01-06T11:00&caller=0399998888&called=0312345678").text
    assert "flow:main" in shown and 'class="rung">group:front' in shown
    assert "every extension" in client.get("/phone?caller=0399998888&called=1", headers={"Accept-Language": "en"}).text
    assert client.get("/phone?caller=%3Cscript%3E&called=x").status_code == 200


def test_the_tables_name_what_is_set_up(client: TestClient) -> None:
    shown = client.get("/phone").text
    for word in ("201", "受付", "front", "0312340000, listed"):
        assert word in shown
