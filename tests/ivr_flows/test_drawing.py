"""Graphviz draws where it is installed; where it is not, that is said with its mend."""

from __future__ import annotations

import pytest

from appliance.errors import CouldNotError
from ivr_flows.diagram import dot
from ivr_flows.drawing import draw
from tests import needs
from tests.ivr_flows.made import whole


@needs.program("dot")
def test_a_flow_becomes_a_picture() -> None:
    picture = draw(dot(whole()), "svg").decode()
    assert "<svg" in picture
    assert "vm_sales" in picture


@needs.program("dot")
def test_text_that_is_no_dot_gets_a_sentence() -> None:
    with pytest.raises(CouldNotError, match="dot says"):
        draw("digraph {", "svg")


def test_without_graphviz_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CouldNotError, match="graphviz"):
        draw("digraph {}", "svg")
