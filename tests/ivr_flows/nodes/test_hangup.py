"""The last words are said to their end."""

from ivr_flows.effects import HangUp
from ivr_flows.inputs import PlayFinished
from tests.ivr_flows.made import Talk, made


def test_the_call_ends_after_the_last_words() -> None:
    talk = Talk(made("  a: {type: hangup, say: さようなら, cause: busy}"))
    talk.begin()
    assert HangUp("busy") in talk.give(PlayFinished(talk.state.local.token))
    assert talk.state.ended == "hangup"


def test_without_words_it_ends_at_once() -> None:
    assert HangUp() in Talk(made("  a: {type: hangup}")).begin()
