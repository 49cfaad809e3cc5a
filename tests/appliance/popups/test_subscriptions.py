"""A browser is told of a call as long as its session lasts, and only of calls that its owner may see."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.config import Config, Line
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.lookup import get_call
from appliance.popups import subscriptions
from appliance.popups.subscriptions import MOST_OF_A_SESSION, Subscription
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import session_now
from tests.fakes import facts

KEYS = ("B" + "A" * 86, "A" * 22)
WANTED = Subscription("https://push.example/1", *KEYS)
CONFIG = Config(lines=[Line(number="03-9876-5432", name="代表"), Line(number="03-1111-1111", name="別")])


def told(ledger: Ledger, config: Config = CONFIG) -> list[tuple[str, dict[str, str]]]:
    call = get_call(ledger.connection, facts.CALL)
    assert call is not None
    found = subscriptions.to_alert(ledger, config, call, SystemClock().now())
    return [(one.endpoint, json.loads(message)) for one, message in found]


@pytest.fixture
def token(box: Box, ledger: Ledger) -> str:
    ledger.append(facts.ringing())
    made = session_now(box, "sato", "operator")
    subscriptions.add(ledger, made, WANTED, 1)
    return made


def test_whom_and_on_which_line(ledger: Ledger, token: str) -> None:
    assert told(ledger) == [(WANTED.endpoint, {"call": facts.CALL, "title": "03-1234-5678", "body": "呼出中 代表"})]
    Book(ledger, SystemClock().now, CONFIG.number).save(Customer(name="高橋 一", numbers=("03-1234-5678",)), "x")
    assert told(ledger)[0][1]["title"] == "高橋 一"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM session",
        "UPDATE session SET pending = 1",
        "UPDATE session SET seen_at = 0",
        "UPDATE account SET disabled = 1",
        "UPDATE account SET role = 'technician'",
        "UPDATE account SET role = 'gone'",
    ],
)
def test_an_ended_session_or_a_lost_right_ends_it(ledger: Ledger, token: str, statement: str) -> None:
    ledger.connection.execute(statement)
    assert told(ledger) == []


def test_a_limited_role_is_told_of_its_lines_only(ledger: Ledger, token: str) -> None:
    role = Roles(ledger, SystemClock().now).add("別の店", [Right.POPUP], "x")
    for lines, count in ((("03-1111-1111",), 0), (("03-9876-5432",), 1)):
        Roles(ledger, SystemClock().now).save(replace(role, lines=lines), "x")
        ledger.connection.execute("UPDATE account SET role = ?", (role.id,))
        assert len(told(ledger)) == count


def test_a_session_has_a_few_browsers_at_most_and_forgets_its_own(ledger: Ledger, token: str) -> None:
    for place in range(MOST_OF_A_SESSION + 3):
        subscriptions.add(ledger, token, WANTED._replace(endpoint=f"https://push.example/{place}"), place + 2)
    assert len(told(ledger)) == MOST_OF_A_SESSION
    last = f"https://push.example/{MOST_OF_A_SESSION + 2}"
    subscriptions.forget(ledger, last, "another session's token")
    assert len(told(ledger)) == MOST_OF_A_SESSION
    subscriptions.forget(ledger, last, token)
    assert last not in dict(told(ledger))


@pytest.mark.parametrize(
    "bad",
    [
        WANTED._replace(p256dh="AAAA"), WANTED._replace(auth=""), WANTED._replace(auth="not base64!"),
        WANTED._replace(endpoint="https://push.example/\n"), WANTED._replace(endpoint="https://push.example/" + "x" * 1000),
    ],
)  # fmt: skip
def test_what_no_browser_would_send_is_refused(ledger: Ledger, token: str, bad: Subscription) -> None:
    with pytest.raises(SaidError):
        subscriptions.add(ledger, token, bad, 1)
