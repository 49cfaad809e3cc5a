"""One extension rings; a number that the caller keyed is dialled only where it can be an extension."""

from __future__ import annotations

import pytest

from ivr_flows.effects import Connect
from tests.ivr_flows.made import Talk, codes, made, text


@pytest.mark.parametrize(
    ("value", "rings"), [("201", True), ("", False), ("119", False), ("09012345678", False), ("2;1", False), ("２０１", False)]
)
def test_a_keyed_number_rings_only_where_it_can_be_an_extension(value: str, rings: bool) -> None:
    nodes = f'  b: {{type: set, values: {{n: "{value}"}}, next: a}}\n  a: {{type: extension, number: "{{n}}", no_answer: end, busy: end}}'
    talk = Talk(made(nodes))
    effects = talk.begin()
    assert any(isinstance(effect, Connect) and effect.name == value for effect in effects) is rings
    assert bool(talk.state.ended) is not rings


def test_an_emergency_number_is_no_extension() -> None:
    assert codes(text('  a: {type: extension, number: "119", no_answer: there, busy: end}')) == ["emergency-number"]
