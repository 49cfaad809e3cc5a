"""Values are set from others as they were before, and kept beside the call where that is wished."""

from ivr_flows.effects import Noted
from tests.ivr_flows.made import Talk, made


def test_values_are_filled_in_from_those_before() -> None:
    talk = Talk(
        made(
            '  a: {type: set, values: {x: "1"}, next: b}\n  b: {type: set, values: {x: "{x}{caller}", y: "{x}"}, note: yes, next: there}'
        )
    )
    effects = talk.begin("03")
    assert Noted({"x": "103", "y": "1"}) in effects
    assert (talk.state.values["x"], talk.state.values["y"]) == ("103", "1")


def test_a_value_that_feeds_itself_stays_bounded() -> None:
    nodes = '  a: {type: set, values: {x: "yy"}, next: b}\n  b: {type: set, values: {x: "{x}{x}"}, next: b}'
    talk = Talk(made(nodes))
    talk.begin()
    assert talk.state.ended == "fallback"
    assert len(talk.state.values["x"]) <= 500
