"""The call goes on in another flow, at its start or at a node, and takes its values along."""

from dataclasses import replace

from ivr_flows.effects import Connect, Entered
from tests.ivr_flows.made import Talk, made


def test_it_goes_on_in_the_other_flow() -> None:
    other = replace(made('  x: {type: set, values: {y: "1"}, next: there}'), name="night")
    talk = Talk(made("  a: {type: goto_flow, flow: night}"), other)
    effects = talk.begin()
    assert [effect for effect in effects if isinstance(effect, Entered)] == [
        Entered("made", "a"), Entered("night", "x"), Entered("night", "there"),
    ]  # fmt: skip
    assert (talk.state.flow, talk.state.values["caller"]) == ("night", "0312345678")


def test_it_may_go_to_a_node() -> None:
    other = replace(made("  x: {type: hangup}"), name="night")
    talk = Talk(made("  a: {type: goto_flow, flow: night, node: there}"), other)
    talk.begin()
    assert talk.state.node == "there"


def test_flows_that_send_a_call_to_one_another_end_in_the_fallback() -> None:
    other = replace(made("  x: {type: goto_flow, flow: made}"), name="night")
    talk = Talk(made("  a: {type: goto_flow, flow: night}"), other)
    assert Connect("fallback", "made") in talk.begin()
