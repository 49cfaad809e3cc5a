"""A flow's life in the console: begun, checked while it is written, published with a reason, compared, rolled back."""

from __future__ import annotations

import re
import shutil

import pytest

from appliance import flow_shelf
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Changed
from ivr_flows import drafts
from ivr_flows.console import flow_view
from tests.appliance.furnished import TestClient
from tests.ivr_flows.console.conftest import Post
from tests.ivr_flows.made import WHOLE

SILENT = """flow: main
fallback: group:front
start: there
nodes:
  there: {type: ring_group, group: front, no_answer: end, busy: end}
  end: {type: hangup}
"""
"""Nothing is said in it: it needs no engine that speaks."""


def published(post: Post, text: str, why: str = "test") -> str:
    """Publish this text as the page does; returns where the browser went."""
    post("/phone/flows/main/drop")
    began = post("/phone/flows/main/check", text=text).json()["began"]
    shown = post("/phone/flows/main/publish", text=text, began=began)
    confirm = re.findall(r'name="confirm" value="(\w+)"', shown.text)[0]
    return str(post("/phone/flows/main/publish", confirm=confirm, why=why).headers.get("location", ""))


def test_a_new_flow_is_a_draft_that_has_no_fault(office: Box, client: TestClient, post: Post) -> None:
    assert "まだありません" in client.get("/phone/flows").text
    assert post("/phone/flows", flow="main").headers["location"] == "/phone/flows/main"
    draft = drafts.read(office.folders.data, "main")
    assert draft is not None and draft.who == "technician"
    assert flow_view.look(office, "main", draft.text).errors == 0
    shown = client.get("/phone/flows/main").text
    assert "<svg" in shown and "公開…" not in shown and "問題はありません" in shown
    assert post("/phone/flows", flow="../x").status_code == 409


def test_faults_are_told_in_the_readers_language_while_it_is_written(office: Box, client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    began = re.findall(r'name="began" value="(\w*)"', client.get("/phone/flows/main").text)[0]
    told = post("/phone/flows/main/check", text=SILENT.replace("front, no", "nobody, no"), began=began).json()
    (found,) = [one for one in told["findings"] if one["severity"] == "error"]
    assert (found["line"], found["code"]) == (5, "unknown-group")
    assert re.search("[ぁ-ん]", found["message"]) and found["mend"]
    assert told["began"] != began and "data-node=" in told["picture"]
    assert post("/phone/flows/main/check", text="x: [", began=told["began"]).json()["findings"][0]["code"] == "not-yaml"
    assert "stale" in post("/phone/flows/main/check", text=SILENT, began="").json()


def test_a_caller_is_simulated_with_and_without_the_script(client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    told = post("/phone/flows/main/simulate", text=SILENT, at="2027-01-06T11:00", caller="0312345678").json()
    assert (told["path"], told["rings"], told["ends"]) == (["there"], ["group:front"], "応答")
    assert "trouble" in post("/phone/flows/main/simulate", text="x", at="2027-01-06T11:00").json()
    shown = client.get("/phone/flows/main?at=2027-01-06T11:00&keys=1").text
    assert 'class="node asks start on"' in shown and "group:front" in shown


def test_publishing_shows_the_difference_and_wants_a_reason(office: Box, client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    assert published(post, SILENT, why="") == ""
    assert flow_shelf.live_revision(office.folders.data, "main") is None
    assert published(post, SILENT).startswith("/phone/flows/main?published=0001-")
    assert drafts.read(office.folders.data, "main") is None
    with Ledger.open(office.folders.ledger) as ledger:
        row = ledger.latest(Changed, "flow:main")
        assert row and isinstance(row.record, Changed) and (row.record.who, row.record.why) == ("technician", "test")
    shown = client.get("/phone/flows").text
    assert "0001-" in shown and "technician" in shown
    later = post("/phone/flows/main/publish", text=SILENT.replace("{type: hangup}", "{type: hangup, cause: busy}")).text
    assert 'class="new"' in later and "cause: busy" in later


def test_a_flow_with_an_error_is_refused_and_what_is_live_stays(office: Box, post: Post) -> None:
    post("/phone/flows", flow="main")
    published(post, SILENT)
    live = flow_shelf.live_revision(office.folders.data, "main")
    shown = post("/phone/flows/main/publish", text=SILENT.replace("busy: end", "busy: nowhere")).text
    assert "公開できません" in shown and 'name="confirm"' not in shown
    assert post("/phone/flows/main/publish", confirm=drafts.mark(SILENT), why="x").status_code == 200
    assert flow_shelf.live_revision(office.folders.data, "main") == live
    other = post("/phone/flows/main/publish", text=SILENT.replace("flow: main", "flow: other"), began=drafts.mark(
        SILENT.replace("busy: end", "busy: nowhere")
    ))  # fmt: skip
    assert other.status_code == 409 and "別のフロー" in other.text


def test_revisions_are_compared_and_one_click_goes_back(office: Box, client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    published(post, SILENT)
    first = flow_shelf.live_revision(office.folders.data, "main")
    published(post, SILENT.replace("{type: hangup}", "{type: hangup, cause: busy}"))
    assert "cause: busy" in client.get("/phone/flows/main/diff").text
    assert client.get("/phone/flows/main/diff?new=0009-aaaaaaaa").status_code == 404
    assert post("/phone/flows/main/rollback", to=first).headers["location"] == f"/phone/flows/main?back={first}"
    assert flow_shelf.live_revision(office.folders.data, "main") == first


def test_a_dropped_draft_is_gone_and_what_is_not_there_is_said(client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    assert post("/phone/flows/main/drop").headers["location"] == "/phone/flows"
    assert client.get("/phone/flows/main").status_code == 404
    assert client.get("/phone/flows/..%2fx").status_code == 404
    assert client.post("/phone/flows", data={"flow": "main"}).status_code == 403


@pytest.mark.skipif(not shutil.which("espeak-ng") and not shutil.which("open_jtalk"), reason="nothing speaks here")
def test_the_offices_whole_flow_is_drawn(client: TestClient, post: Post) -> None:
    post("/phone/flows", flow="main")
    told = post("/phone/flows/main/check", text=WHOLE.read_text("utf-8").replace("\n", "\r\n"), began=drafts.mark("")).json()
    assert told["picture"].count("<a ") > 20
