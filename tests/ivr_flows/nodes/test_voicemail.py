"""A box takes the call, for good or until the message is spoken."""

from ivr_flows.effects import Connect, Ended, Why
from ivr_flows.inputs import CameBack
from tests.ivr_flows.made import Talk, made


def test_without_a_next_the_flow_is_over() -> None:
    effects = Talk(made("  a: {type: voicemail, box: '201'}")).begin()
    assert effects[-1] == Ended("voicemail", Why("message", ("201",)))
    assert not next(effect for effect in effects if isinstance(effect, Connect)).back


def test_with_a_next_the_call_comes_back() -> None:
    talk = Talk(made("  a: {type: voicemail, box: '201', next: there}"))
    talk.begin()
    talk.give(CameBack("done"), after=40)
    assert talk.state.node == "there"
