"""What every type of node must do: say its settings strictly, name its exits, survive any input, and come to an end."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows import inputs
from ivr_flows.effects import Ended, Left
from ivr_flows.flow_reading import read_flow
from ivr_flows.inputs import Answer, CameBack, Digit, Input, LookUpFailed, PlayFailed, PlayFinished, Recorded, RecordFailed, Timer
from ivr_flows.model import Flow, Node
from ivr_flows.node_types import types
from ivr_flows.tree import Table, Text
from ivr_flows.yaml_text import read
from tests.ivr_flows.made import Talk, findings

NAMES = sorted(types())
OUTCOMES = ("answered", "no_answer", "busy", "unreachable", "full", "timeout", "empty", "done")


def example(name: str) -> Table:
    table = read(types()[name].EXAMPLE.encode())
    assert isinstance(table, Table)
    return table


def flow_text(name: str, without: str = "") -> bytes:
    """A flow around the type's example, in which every name that it uses is there."""
    lines = types()[name].EXAMPLE.strip().splitlines()
    body = [f"  it: {lines[0]}"] if len(lines) == 1 else ["  it:", *(f"    {line}" for line in lines)]
    if without:
        body = _without(name, without)
    named: tuple[str, ...] = (
        "open",
        "closed",
        "menu",
        "closed_msg",
        "sales",
        "support",
        "operator",
        "lookup",
        "thanks",
        "known",
        "screened",
        "vm_sales",
    )
    named += ("vm_support", "busy_msg", "call_me", "ask_number")
    rest = [f"  {one}: {{type: hangup}}" for one in named]
    calendar = 'calendars: {office: {open: {daily: "9:00-18:00"}}}'
    first = "  first: {type: set, values: {customer: x}, next: it}"
    lines = [
        "flow: made",
        "fallback: group:front",
        "hosts: [crm.example]",
        calendar,
        "nodes:",
        first,
        *body,
        *rest,
    ]
    return "\n".join(lines).encode()


def with_setting(name: str, setting: str, value: str) -> bytes:
    """The flow around the example with this setting in place of its own."""
    (body,) = _without(name, setting)
    return flow_text(name, without=setting).replace(body.encode(), f"{body[:-1]}, {setting}: {value}}}".encode())


def _without(name: str, setting: str) -> list[str]:
    return [
        "  it: {"
        + ", ".join(f"{_shown(key)}: {_shown(value)}" for key, value in example(name).entries if key.value != setting)
        + "}"
    ]


def _shown(tree: object) -> str:
    if isinstance(tree, Text):
        return '"' + tree.value.replace('"', '\\"') + '"'
    if isinstance(tree, Table):
        return "{" + ", ".join(f"{_shown(key)}: {_shown(value)}" for key, value in tree.entries) + "}"
    return "[" + ", ".join(_shown(one) for one in tree.values) + "]"  # type: ignore[attr-defined]


def node(name: str) -> tuple[Flow, Node]:
    flow, _ = read_flow(flow_text(name))
    assert flow is not None
    return flow, flow.nodes["it"]


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_a_node_without_a_fault(name: str) -> None:
    assert [one for one in findings(flow_text(name)) if one.code != "unreachable-node"] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_options_are_frozen_and_say_what_they_are(name: str) -> None:
    options = node(name)[1].options
    assert dataclasses.is_dataclass(options)
    first = dataclasses.fields(options)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(options, first, None)
    assert type(options).__name__ == "Options"


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_that_it_does_not_have_is_told(name: str) -> None:
    assert "unknown-setting" in [one.code for one in findings(with_setting(name, "colour", "red"))]


@pytest.mark.parametrize(
    ("name", "setting"), [(name, key.value) for name in NAMES for key, _ in example(name).entries if key.value != "type"]
)
def test_a_setting_that_is_left_out_is_told_or_not_needed(name: str, setting: str) -> None:
    found = [one.code for one in findings(flow_text(name, without=setting)) if one.code != "unreachable-node"]
    assert set(found) <= {
        "missing-setting", "outcome-without-next", "node-without-prompt", "http-without-timeout", "http-without-error", "unknown-calendar",
        "prompt-names-unknown-key",
    }  # fmt: skip
    if setting in node(name)[1].exits and setting not in ("not_found", "callback", "answered", "holiday"):
        assert found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["[]", "{}", "[[a]]", '"{"', "x y", "-1", "9999999999"])
def test_a_setting_of_any_form_never_raises(name: str, value: str) -> None:
    for key, _ in example(name).entries:
        if key.value != "type":
            findings(with_setting(name, key.value, value))


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_only_by_exits_that_it_names(name: str) -> None:
    flow, own = node(name)
    for one in every_input():
        talk = Talk(flow)
        effects = (*talk.begin(), *talk.give(one))
        if one == CameBack("surprise"):
            continue  # no word of the dialplan's: the fallback's business
        left = {effect.outcome for effect in effects if isinstance(effect, Left) and effect.node == "it"}
        assert left <= {*own.exits, "flow" if name == "goto_flow" else ""}
        assert (
            not [effect for effect in effects if isinstance(effect, Ended) and effect.why.code == "broken"] or name == "goto_flow"
        )


def every_input(token: int = 2) -> list[Input]:
    """One of each kind, and each outcome."""
    return [
        Digit("1"), Digit("#"), PlayFinished(token), PlayFailed(token), Timer(), Answer(token, 200, {}), Answer(token, 404, {}),
        Answer(token, 500, {}), LookUpFailed(token, "x"), Recorded(token, 1.0), RecordFailed(token, "x"),
        *(CameBack(outcome) for outcome in OUTCOMES), CameBack("surprise"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@given(choices=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=40))
def test_it_survives_any_input_and_comes_to_an_end(name: str, choices: list[tuple[int, int]]) -> None:
    flow, _ = node(name)
    talk = Talk(flow)
    talk.begin()
    for choice, seconds in choices:
        kinds = every_input(talk.state.local.token)
        talk.give(kinds[choice % len(kinds)], after=seconds)
    for _ in range(200):
        if talk.state.away is not None:
            talk.give(CameBack("no_answer"))
        talk.give(Timer(), after=10 * 60)
    assert talk.state.ended


def test_every_kind_of_input_is_tried() -> None:
    tried = {type(one) for one in every_input()}
    assert set(typing.get_args(inputs.Input)) - tried == {inputs.Started, inputs.HungUp}
