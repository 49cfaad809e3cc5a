"""Boxes stand in layers below what leads to them, none over another, and arrows that lead back are known as such."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.layers import lay_out

ARROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=30)


def test_a_box_stands_below_all_that_lead_to_it() -> None:
    layout = lay_out("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("d", "b")])
    assert {name: layer for name, (_, layer) in layout.places.items()} == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert layout.back == {("d", "b")}
    assert [layer for _, layer in layout.ways["a", "c"]] == [1]


@given(ARROWS)
def test_no_two_boxes_overlap_whatever_leads_where(arrows: list[tuple[str, str]]) -> None:
    layout = lay_out("abcdefgh", arrows)
    layers = defaultdict(list)
    for across, layer in layout.places.values():
        assert across >= -1e-9
        layers[layer].append(across)
    for row in layers.values():
        row.sort()
        assert all(right - left >= 0.99 for left, right in itertools.pairwise(row))
    for begin, end in set(arrows) - layout.back:
        assert layout.places[begin][1] < layout.places[end][1]
