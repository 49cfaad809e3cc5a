"""A room takes the caller, or is full."""

from ivr_flows.inputs import CameBack
from tests.ivr_flows.made import Talk, made

NODE = "  a: {type: conference, room: '900', full: there}"


def test_a_full_room_goes_its_own_way() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    talk.give(CameBack("full"))
    assert talk.state.node == "there"


def test_after_the_conference_the_call_ends_or_goes_on() -> None:
    for node, end, at in ((NODE, "conference", "a"), (NODE.replace("full: there", "full: end, next: there"), "", "there")):
        talk = Talk(made(node))
        talk.begin()
        talk.give(CameBack("done"), after=3600)
        assert (talk.state.ended, talk.state.node) == (end, at)
