"""A program sees the calls under way, how the box is, whether it is complete, and what its own token may do."""

from __future__ import annotations

from appliance.moments import SECOND
from appliance.web.rights import Right
from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import program
from tests.fakes import facts


def test_a_call_under_way_is_a_card_with_the_people_behind_its_number(own: Furnished) -> None:
    bearer = program(own)
    assert bearer.get("/live").json() == {"calls": []}
    made = bearer.post("/customers", json={"name": "佐藤", "important": True, "numbers": ["0312345678"]}).json()
    with own.ledger() as ledger:
        ledger.append(facts.ringing(at=own.now - SECOND, line="03-1234-5678"))
    (card,) = bearer.get("/live").json()["calls"]
    assert (card["call"], card["state"], card["line"], card["number"]) == (facts.CALL, "ringing", "代表", "0312345678")
    assert card["people"] == [{"id": made["id"], "title": "佐藤", "company": "", "important": True, "blocked": False}]


def test_health_says_what_the_checks_find_and_nothing_of_the_machines_folders(own: Furnished) -> None:
    told = program(own, Right.HEALTH).get("/health").json()
    assert told["healthy"] is True
    assert {finding["check"] for finding in told["findings"]} == {"keys"}
    assert told["calls"]["seen"] == len(own.calls)
    assert str(own.box.folders.data) not in str(told)


def test_completeness_counts_by_day_and_names_every_gap(own: Furnished) -> None:
    bearer = program(own, Right.HEALTH)
    told = bearer.get("/completeness").json()
    assert (told["complete"], told["gaps"]) == (True, [])
    assert sum(day["seen"] for day in told["days"]) == len(own.calls)
    assert bearer.get("/completeness", params={"begin": "2001-01-01", "end": "2001-01-31"}).json()["days"] == []
    own.sealed("inbound").rename(own.sealed("inbound").with_suffix(".away"))
    assert bearer.get("/completeness").json()["complete"] is False


def test_a_token_is_told_what_it_may_do(own: Furnished) -> None:
    bearer = program(own, Right.SEARCH, Right.DOWNLOAD, lines=("03-1234-5678",))
    assert bearer.get("/token").json() == {"name": "crm", "rights": ["download", "search"], "lines": ["03-1234-5678"], "groups": []}
