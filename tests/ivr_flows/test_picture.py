"""The picture shows each node and each way, marks a call's path, and nothing in a flow's text can break out of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from ivr_flows.picture import STYLE, svg
from tests.ivr_flows.made import made, whole

SVG = "{http://www.w3.org/2000/svg}"


def test_every_node_and_every_outcome_is_drawn() -> None:
    flow = whole()
    root = ElementTree.fromstring(svg(flow))
    drawn = {one.get("data-node"): " ".join(one.itertext()) for one in root.iter(f"{SVG}a")}
    ways = {(one.get("data-from"), one.get("data-to")) for one in root.iter(f"{SVG}g")}
    assert set(drawn) == set(flow.nodes)
    for node in flow.nodes.values():
        for exit_ in node.exits.values():
            if exit_.target in flow.nodes:
                assert (node.name, exit_.target) in ways
            elif exit_.target is not None:
                assert exit_.outcome in drawn[node.name]


def test_the_path_of_a_call_is_marked() -> None:
    root = ElementTree.fromstring(svg(whole(), ("hours", "screen"), style=STYLE))
    assert [one.get("data-node") for one in root.iter(f"{SVG}a") if "on" in str(one.get("class")).split()] == ["hours", "screen"]
    assert [one.get("data-to") for one in root.iter(f"{SVG}g") if "on" in str(one.get("class")).split()] == ["screen"]


def test_words_that_look_like_markup_stay_words() -> None:
    drawn = svg(made('  a: {type: hangup, say: "</text><script>x"}'))
    assert "<script" not in drawn
    ElementTree.fromstring(drawn)
