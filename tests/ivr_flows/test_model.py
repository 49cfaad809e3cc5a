"""A node says what comes next by outcome; nothing is None."""

from ivr_flows.model import Exit, Node, Target, Way
from ivr_flows.tree import TOP


def test_a_node_says_what_comes_next() -> None:
    node = Node("n", "play", None, TOP, {"next": Exit("next", "m", TOP, Way.PASSES)})
    assert node.next("next") == "m"
    assert node.next("other") is None


def test_a_target_is_spelled_kind_and_name() -> None:
    assert str(Target("group", "front")) == "group:front"
