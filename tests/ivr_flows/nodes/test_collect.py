"""Digits are gathered until there are enough, the end key comes, or nothing more."""

from __future__ import annotations

from ivr_flows.effects import Left, Why
from ivr_flows.inputs import Digit, PlayFinished, Timer
from tests.ivr_flows.made import Talk, codes, made, text, walk

NODE = """
  a:
    type: collect
    say: "番号をどうぞ。"
    into: number
    min: 3
    max: 5
    no_input: {tries: 2, then: end}
    wrong_key: {tries: 2, then: there}
    next: b
  b: {type: play, say: "{number}", next: end}
"""


def test_the_end_key_ends_it_and_the_digits_are_a_value() -> None:
    assert walk(made(NODE), keys="1,2,3,#").heard == ["番号をどうぞ。", "いち", "に", "さん"]


def test_the_most_digits_end_it() -> None:
    assert walk(made(NODE), keys="1,2,3,4,5").path == ["a", "b", "end"]


def test_a_pause_ends_it_where_there_are_enough() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    for key in "123":
        talk.give(Digit(key), after=1)
    talk.give(Timer(), after=3)
    assert talk.state.node == "b"


def test_too_few_digits_are_wrong_and_are_asked_for_again_from_nothing() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    talk.give(Digit("1"))
    talk.give(Digit("#"))
    assert talk.state.local.digits == ""
    talk.give(PlayFinished(talk.state.local.token))
    talk.give(Digit("*"))
    assert talk.state.node == "there"


def test_the_reason_tells_how_many_digits_and_not_which() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    effects = [effect for key in "12345" for effect in talk.give(Digit(key))]
    (left,) = [effect for effect in effects if isinstance(effect, Left)]
    assert left.why == Why("collected", ("number", "5"))


def test_a_minimum_above_the_maximum_is_told() -> None:
    assert codes(text(NODE.replace("min: 3", "min: 9"))) == ["out-of-range"]
