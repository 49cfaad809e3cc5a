"""A public number is called back; without one the caller goes another way."""

from __future__ import annotations

import pytest

from ivr_flows.effects import RequestCallback
from tests.ivr_flows.made import Talk, codes, made, text

NODE = "  a: {type: callback, target: queue:q, next: there, no_number: end}"


@pytest.mark.parametrize(
    ("caller", "number"),
    [("0312345678", "0312345678"), ("+81 90-1234-5678", "09012345678"), ("", None), ("201", None), ("119", None)],
)
def test_only_a_public_number_is_called_back(caller: str, number: str | None) -> None:
    talk = Talk(made(NODE))
    asked = [effect.number for effect in talk.begin(caller) if isinstance(effect, RequestCallback)]
    assert asked == ([number] if number else [])
    assert talk.state.node == ("there" if number else "end")


def test_a_target_that_cannot_call_is_told() -> None:
    assert codes(text(NODE.replace("queue:q", "voicemail:201"))) == ["wrong-form"]
