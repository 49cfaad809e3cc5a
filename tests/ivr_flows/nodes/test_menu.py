"""A menu offers keys, dials extensions directly, and says itself again."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from ivr_flows.effects import Connect, Play
from ivr_flows.inputs import CameBack, Digit, PlayFinished, Timer
from ivr_flows.nodes.menu import read_range
from tests.ivr_flows.made import Talk, codes, made, text

MENU = """
  menu:
    type: menu
    say: "1を押してください。"
    keys: {"1": there, "9": repeat}
    direct_dial: {extensions: [200-249, "300"], ring: 15s, no_answer: end, busy: there}
    no_input: {tries: 2, then: end}
    wrong_key: {tries: 2, then: there}
"""


def test_an_extension_is_dialled_directly() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    talk.give(Digit("2"))
    talk.give(Digit("3"), after=1)
    (connect, *_) = talk.give(Digit("1"), after=1)
    assert isinstance(connect, Connect)
    assert (connect.kind, connect.name, connect.ring, connect.back) == ("extension", "231", 15 * SECOND, True)
    talk.give(CameBack("busy"))
    assert talk.state.node == "there"


def test_digits_that_stop_halfway_or_lead_nowhere_are_a_wrong_key() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    talk.give(Digit("2"))
    assert any(isinstance(effect, Play) for effect in talk.give(Timer(), after=3))
    talk.give(Digit("2"))
    talk.give(Digit("9"))
    assert talk.state.node == "there"


def test_repeat_says_it_again_and_is_no_new_node() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    effects = talk.give(Digit("9"))
    assert [type(effect).__name__ for effect in effects] == ["StopPlay", "Play"]
    assert talk.state.steps == 2


def test_without_barge_in_keys_count_from_the_end_of_the_words() -> None:
    talk = Talk(made(MENU.replace("type: menu", "type: menu\n    barge_in: no")))
    talk.begin()
    assert talk.give(Digit("1")) == ()
    talk.give(PlayFinished(talk.state.local.token))
    talk.give(Digit("1"))
    assert talk.state.node == "there"


@pytest.mark.parametrize("given", ["2", "200-24", "249-200", "200-", "abc-def", "２００-２４９", "100000000-200000000"])
def test_what_is_no_range_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=given):
        read_range(given)


def test_ranges_that_cannot_be_told_apart_are_told() -> None:
    assert "overlapping-ranges" in codes(text(MENU.replace('"300"', "24-26")))
    assert "overlapping-ranges" in codes(text(MENU.replace('"300"', "240-260")))
    assert "overlapping-ranges" not in codes(text(MENU))


def test_extensions_alone_lead_where_silence_leads() -> None:
    short = MENU.replace('{extensions: [200-249, "300"], ring: 15s, no_answer: end, busy: there}', "200-249")
    assert codes(text(short)) == []
    talk = Talk(made(short))
    talk.begin()
    for key in "201":
        talk.give(Digit(key))
    assert talk.state.away is not None
    talk.give(CameBack("busy"))
    assert talk.state.ended == "hangup"
