"""Something is said; a key skips it where that is allowed; what cannot be heard holds nobody up."""

from ivr_flows.effects import StopPlay
from ivr_flows.inputs import Digit, PlayFailed, PlayFinished
from tests.ivr_flows.made import Talk, made

NODE = "  a: {type: play, say: x, next: there}"


def test_it_goes_on_when_it_was_said() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    assert talk.give(Digit("1")) == ()
    talk.give(PlayFinished(talk.state.local.token))
    assert talk.state.node == "there"


def test_a_missing_sound_holds_nobody_up() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    talk.give(PlayFailed(talk.state.local.token))
    assert talk.state.node == "there"


def test_a_key_skips_it_where_that_is_allowed() -> None:
    talk = Talk(made(NODE.replace("say: x", "say: x, barge_in: yes")))
    talk.begin()
    token = talk.state.local.token
    assert talk.give(Digit("1"))[0] == StopPlay(token)
    assert talk.state.node == "there"


def test_words_that_turn_out_empty_are_passed_over() -> None:
    talk = Talk(made('  b: {type: set, values: {n: "x"}, next: a}\n  a: {type: play, say: "{n}", next: there}'))
    talk.begin()
    assert talk.state.node == "there"
