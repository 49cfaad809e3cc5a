"""A caller waits in a queue, and may be called back instead."""

from ivr_flows.inputs import CameBack
from ivr_flows.model import Story
from tests.ivr_flows.made import Talk, made, walk

NODE = "  a: {type: queue, queue: q, wait: 2m, timeout: end, full: end, empty: there, callback: b}\n"
BACK = "  b: {type: callback, target: queue:q, next: end, no_number: there}"


def test_a_caller_who_leaves_by_the_queues_key_is_called_back() -> None:
    found = walk(made(NODE + BACK), story=Story("", outcomes={"a": "done"}))
    assert found.path == ["a", "b", "end"]


def test_a_queue_nobody_serves_goes_its_own_way() -> None:
    talk = Talk(made(NODE + BACK))
    talk.begin()
    talk.give(CameBack("empty"))
    assert talk.state.node == "there"
