"""A picture shows each node and each outcome, and nothing in a flow's text can break out of it."""

from __future__ import annotations

import re

from ivr_flows.diagram import dot
from tests.ivr_flows.made import made, whole


def test_every_node_and_every_outcome_is_drawn() -> None:
    flow = whole()
    drawn = dot(flow)
    for node in flow.nodes.values():
        assert f'  "{node.name}" [label=' in drawn
        for exit_ in node.exits.values():
            assert re.search(rf'"{node.name}" -> "[^"]+" \[label="{re.escape(exit_.outcome)}[ "]', drawn), exit_


def test_words_that_look_like_dot_stay_words() -> None:
    drawn = dot(made('  a: {type: hangup, say: "x\\"]; evil [label=\\"\\\\"}'))
    assert "\n  evil" not in drawn
    assert 'x\\"]; evil [label=\\"\\\\' in drawn
