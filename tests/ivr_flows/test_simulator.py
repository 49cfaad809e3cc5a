"""The simulator says the path, what is heard, what rings, the end, and why, for any moment, number and keys."""

from __future__ import annotations

import pytest

from ivr_flows.model import Story
from ivr_flows.simulator import simulate
from tests.ivr_flows.made import around, made, walk, whole


def test_keys_lead_to_what_rings() -> None:
    found = walk(whole(), keys="1,5", caller="")
    assert found.path == ["hours", "screen", "menu", "sales", "survey", "keep", "thanks"]
    assert found.rings == ["group:sales"]
    assert found.end == "hangup"
    assert found.heard[-1] == "ありがとうございました。"


def test_silence_goes_the_way_of_silence() -> None:
    found = walk(whole(), caller="")
    assert found.path == ["hours", "screen", "menu", "operator"]
    assert (found.rings, found.end) == (["extension:201"], "answered")


def test_an_empty_key_is_one_silence() -> None:
    found = walk(whole(), keys=",1", caller="")
    assert found.path[:4] == ["hours", "screen", "menu", "sales"]
    assert len([words for words in found.heard if "営業は1" in words]) == 2


def test_every_step_says_why() -> None:
    found = walk(whole(), keys="2", caller="")
    for language, word in (("ja", "営業時間内"), ("en", "within office hours")):
        whys = found.whys(language)
        assert len(whys) == len(found.path)
        assert word in whys[0]
    assert "support" in found.whys("en")[-1]


def test_a_story_says_who_answers_and_what_a_look_up_brings() -> None:
    story = Story("", outcomes={"operator": "busy"}, answers={"lookup": {"rank": "gold"}})
    found = walk(whole(), story=story)
    assert found.path == ["hours", "screen", "lookup", "ranked", "operator", "vm_sales"]
    assert (found.rings, found.end) == (["extension:201", "voicemail:201"], "voicemail")
    assert walk(whole(), story=Story("", answers={"lookup": {"status": "500"}})).path[3] == "menu"
    assert walk(whole()).path[3] == "menu"


def test_the_switch_by_hand_is_heeded() -> None:
    assert walk(whole(), story=Story("", switches={"night": "closed"})).path == ["hours", "closed_msg"]


@pytest.mark.parametrize(("caller", "taken"), [("payphone", True), ("withheld", True), ("", True), ("03-1234-5678", False)])
def test_a_caller_without_a_number_is_known_by_his_word(caller: str, taken: bool) -> None:
    assert ("lookup" not in walk(whole(), caller=caller).path) is taken


def test_what_is_printed_has_the_agreed_keys() -> None:
    flow = whole()
    told = walk(flow, keys="1,5", caller="").as_json("ja", around(flow))
    assert set(told) == {"path", "heard", "rings", "end", "why", "steps"}
    assert len(told["why"]) == len(told["path"]) == len(told["steps"])
    assert told["steps"][0]["at"] == "2027-01-06T11:00:00.000000+09:00"


def test_a_flow_without_end_is_simulated_to_its_limits() -> None:
    found = walk(made("  a: {type: play, say: x, next: b}\n  b: {type: play, say: y, next: a}"))
    assert found.end == "fallback"
    assert len(found.path) == 60
    assert found.rings == ["group:front"]


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        simulate(around(whole()), "main", Story("tomorrow"))
