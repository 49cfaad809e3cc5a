"""A listed host is asked within a time; whatever it does, the call goes on."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from ivr_flows.effects import LookUp
from ivr_flows.inputs import Answer, LookUpFailed, Timer
from tests.ivr_flows.made import Talk, codes, made, text

NODE = """
  a:
    type: http
    url: "https://crm.example/q?n={caller}"
    timeout: 3s
    save: {rank: account.rank}
    next: there
    not_found: b
    error: end
  b: {type: play, say: x, next: end}
"""
HOSTS = "hosts: [crm.example]"


def asked(caller: str = "0312345678") -> tuple[Talk, LookUp]:
    talk = Talk(made(NODE, HOSTS))
    (effect,) = [effect for effect in talk.begin(caller) if isinstance(effect, LookUp)]
    return talk, effect


def test_values_go_into_the_address_encoded() -> None:
    _, effect = asked("03 &x=/../{y}")
    assert effect.url == "https://crm.example/q?n=03%20%26x%3D%2F..%2F%7By%7D"
    assert (effect.method, effect.timeout, effect.save) == ("GET", 3 * SECOND, {"rank": "account.rank"})


@pytest.mark.parametrize(("status", "node"), [(200, "there"), (204, "there"), (404, "b"), (500, ""), (302, ""), (0, "")])
def test_the_status_decides(status: int, node: str) -> None:
    talk, effect = asked()
    talk.give(Answer(effect.token, status, {"rank": "gold", "evil": "x"}))
    assert talk.state.node == (node or "end")
    assert "evil" not in talk.state.values
    assert talk.state.values.get("rank") == ("gold" if node == "there" else None)


def test_a_failure_and_a_shell_that_forgets_the_time_lead_to_the_error_branch() -> None:
    talk, effect = asked()
    talk.give(LookUpFailed(effect.token, "refused"))
    assert talk.state.ended == "hangup"
    talk, _ = asked()
    assert talk.give(Timer(), after=3) == ()
    talk.give(Timer(), after=2)
    assert talk.state.ended == "hangup"


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    talk, effect = asked()
    talk.give(LookUpFailed(effect.token, "timeout"))
    assert talk.give(Answer(effect.token, 200, {"rank": "gold"})) == ()


def test_what_is_sent_goes_as_an_object_by_post() -> None:
    talk = Talk(made(NODE.replace("save:", 'send: {number: "{caller}"}\n    save:'), HOSTS))
    (effect,) = [effect for effect in talk.begin() if isinstance(effect, LookUp)]
    assert (effect.method, effect.body) == ("POST", {"number": "0312345678"})


@pytest.mark.parametrize(
    "url",
    [
        "ftp://crm.example/",
        "https://{caller}/",
        "https://crm.example:x/",
        "crm.example",
        "https://user@crm.example/",
        "file:///etc/passwd",
    ],
)
def test_only_plain_addresses_with_a_fixed_host_are_taken(url: str) -> None:
    assert "wrong-form" in codes(text(NODE.replace("https://crm.example/q?n={caller}", url), HOSTS))


def test_a_host_that_is_not_listed_is_told() -> None:
    assert codes(text(NODE)) == ["http-host-not-listed"]
    assert codes(text(NODE, HOSTS)) == []
    assert codes(text(NODE.replace("crm.example/", "crm.example.evil.example/"), HOSTS)) == ["http-host-not-listed"]
