"""The page of tokens: one is made, shown once, listed and ended by who may, and nobody gives what they do not have."""

from __future__ import annotations

import re

from appliance.web.accounts import Accounts
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in
from tests.appliance.web.bearers import client


def csrf(visitor: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', visitor.get("/account").text)
    assert found is not None
    return found[1]


def test_a_token_is_shown_once_opens_what_was_ticked_and_is_ended(own: Furnished) -> None:
    boss = signed_in(own)
    shown = boss.post(
        "/users/tokens", data={"csrf": csrf(boss), "name": "crm", "rights": ["search"], "lines": ["03-1234-5679"], "days": "30"}
    )
    secret = re.findall(r'class="secret">([^<]+)<', shown.text)[0]
    assert secret not in boss.get("/users/tokens").text
    bearer = client(own, secret)
    assert bearer.get("/token").json() == {"name": "crm", "rights": ["search"], "lines": ["03-1234-5679"], "groups": []}
    assert bearer.get("/customers").status_code == 403
    page = boss.get("/users/tokens").text
    assert "testclient" in page, "from where it was used"
    address = re.findall(r'action="(/users/tokens/[0-9a-f]{16})"', page)[0]
    assert boss.post(address, data={"csrf": csrf(boss)}).headers["location"] == "/users/tokens"
    assert bearer.get("/token").status_code == 401
    assert boss.post(address, data={"csrf": csrf(boss)}).status_code == 404
    told = boss.get("/register").text
    assert "token crm" in told


def test_nobody_gives_a_token_a_right_or_a_line_that_they_do_not_have(own: Furnished) -> None:
    with own.ledger() as ledger:
        role = Roles(ledger, own.clock().now).add("keeper", [Right.USERS, Right.SEARCH], "test")
        accounts = Accounts(ledger, own.clock().now, 12)
        keeper = browser(own.box, own.clock(), accounts.sign_in("keeper", accounts.one_time_password("keeper", role.id), "-"))
    form = {"csrf": csrf(keeper), "name": "crm", "days": "30"}
    assert keeper.post("/users/tokens", data={**form, "rights": ["customers"]}).status_code == 409
    assert keeper.post("/users/tokens", data={**form, "rights": ["search", "users"]}).status_code == 409, (
        "it opens nothing of the API"
    )
    assert keeper.post("/users/tokens", data={**form, "rights": ["search"]}).status_code == 200
    assert 'value="customers"' not in keeper.get("/users/tokens").text


def test_a_name_that_means_something_to_a_browser_is_refused(own: Furnished) -> None:
    boss = signed_in(own)
    answer = boss.post("/users/tokens", data={"csrf": csrf(boss), "name": "<script>alert(1)</script>", "rights": ["search"]})
    assert answer.status_code == 409
    assert "<script>alert" not in answer.text
