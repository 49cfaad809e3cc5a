"""Silence and wrong keys are counted apart, and each has its own words and its own way on."""

from __future__ import annotations

from ivr_flows.effects import Play
from ivr_flows.inputs import Digit, PlayFinished, Timer
from tests.ivr_flows.made import Talk, made

MENU = """
  menu:
    type: menu
    say: "1を押してください。"
    keys: {"1": {go: there}}
    timeout: 4s
    no_input: {tries: 2, then: end, say: "聞こえません。"}
    wrong_key: {tries: 3, then: there, say: "違います。"}
"""


def heard(effects: tuple[object, ...]) -> list[str]:
    return [str(one) for effect in effects if isinstance(effect, Play) for one in effect.heard]


def silent(talk: Talk) -> tuple[object, ...]:
    talk.give(PlayFinished(talk.state.local.token))
    return talk.give(Timer(), after=4)


def test_silence_and_wrong_keys_are_counted_apart() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    assert heard(talk.give(Digit("5"))) == ["違います。", "1を押してください。"]
    assert heard(silent(talk)) == ["聞こえません。", "1を押してください。"]
    talk.give(Digit("5"))
    assert talk.state.node == "menu"
    talk.give(Digit("5"))
    assert talk.state.node == "there"


def test_silence_leads_on_after_its_tries() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    silent(talk)
    silent(talk)
    assert talk.state.ended == "hangup"


def test_the_waiting_begins_when_the_words_are_over() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    assert talk.give(Timer(), after=4) == ()
    assert talk.state.node == "menu"
