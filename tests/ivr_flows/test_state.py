"""A call is shown to a node with what it remembers."""

from ivr_flows.inputs import Timer
from ivr_flows.state import Local, Stay
from tests.ivr_flows.made import Talk, made


def test_a_node_that_nothing_happens_to_stays_as_it_is() -> None:
    talk = Talk(made("  a: {type: ring_group, group: g, no_answer: end, busy: end}"))
    talk.begin()
    before = talk.state
    assert talk.give(Timer()) == ()
    assert talk.state.local == before.local == Local()
    assert Stay() == Stay(local=Local())
