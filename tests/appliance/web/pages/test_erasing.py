"""An erasure on the page: first what would go, then a reason and a second word, then how far it is, and the proof."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from appliance import erasure
from appliance.janitor.unlinking import Unlinking
from appliance.jobs import Jobs, NewJob
from appliance.records import ErasureAsked, ObjectsErased
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import Furnished, signed_in
from tests.appliance.web.pages.test_register import send, somebody

NUMBER = "090-1234-5678"


def asked(own: Furnished) -> int:
    with own.ledger() as ledger:
        return len(ledger.since(0, (ErasureAsked,)))


def work(own: Furnished) -> None:
    """What the uploader (whose store here is empty) and the janitor do."""
    with own.ledger() as ledger:
        jobs, now = Jobs(ledger, "test:1:1"), own.clock().now()
        while (job := jobs.claim(erasure.ERASE, now, 10)) is not None:
            then = [NewJob(kind=erasure.UNLINK, subject=job.subject, body=job.body)]
            jobs.finish(job, now, [ObjectsErased(at=now, call=job.subject, objects=0, removed=0, store="folder")], then)
        Unlinking(own.box, ledger, own.clock()).step()


def test_nothing_goes_before_the_second_word(own: Furnished) -> None:
    client = signed_in(own)
    plan = send(client, "/erase", number=NUMBER, why="事案 7")
    assert plan.status_code == 200 and "消去するもの" in plan.text and "事案 7" in plan.text
    count = re.findall(r'name="count" value="(\d+)"', plan.text)[0]
    fields = {"number": NUMBER, "why": "事案 7", "do": "erase", "count": count}
    assert send(client, "/erase", **fields).status_code == 409, "not meant"
    assert send(client, "/erase", **{**fields, "sure": "1", "count": "99"}).status_code == 409, "the plan was another"
    assert asked(own) == 0
    answer = send(client, "/erase", **fields, sure="1")
    assert answer.status_code == 303 and asked(own) == int(count)
    page = client.get(answer.headers["location"]).text
    assert "消去しています" in page and f"{count} 件中 0 件" in page
    work(own)
    page = client.get(answer.headers["location"]).text
    assert "消去しました" in page and "署名は有効です" in page and own.recording("inbound").facts.recording in page


def test_what_is_held_is_kept_and_said(own: Furnished) -> None:
    with own.ledger() as ledger:
        erasure.hold(ledger, [own.recording("inbound")], "boss", "case", own.now, held=True)
    plan = send(signed_in(own), "/erase", ids=own.calls["inbound"], why="事案 7").text
    assert "保全中" in plan and own.calls["inbound"] in plan and 'value="erase"' not in plan


@pytest.mark.parametrize(
    "fields",
    [
        {"number": NUMBER}, {"number": NUMBER, "why": "090-1234-5678 の件"}, {"why": "x"}, {"number": NUMBER, "ids": "a", "why": "x"},
        {"ids": "../../x", "why": "x"},
    ],
)  # fmt: skip
def test_what_is_not_clear_is_refused(own: Furnished, fields: dict[str, str]) -> None:
    assert send(signed_in(own), "/erase", **fields).status_code == 409
    assert asked(own) == 0


def test_whoever_sees_some_lines_only_erases_nothing(own: Furnished) -> None:
    with own.ledger() as ledger:
        roles = Roles(ledger, own.clock().now)
        role = roles.add("some lines", [Right.ERASE, Right.DISCLOSE], "x")
        roles.save(replace(role, lines=("03-1234-5678",)), "x")
    client = somebody(own, "limited", role.id)
    assert client.get("/erase").status_code == client.get("/disclosures").status_code == 403
    assert send(client, "/erase", number=NUMBER, why="x").status_code == 403
