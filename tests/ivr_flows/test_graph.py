"""Loops, dead ends and nodes that nobody reaches are told; what only looks like one is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ivr_flows.made import KNOWN, codes, findings, made, text

ASKS = 'say: "どうぞ。", wrong_key: {tries: 2, then: end}'


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("  a: {type: play, say: x, next: a}", ["busy-loop", "unreachable-node", "unreachable-node"]),
        ("  a: {type: play, say: x, next: b}\n  b: {type: if, value: caller, is: [x], then: a, else: there}", ["busy-loop"]),
        (f'  a: {{type: menu, {ASKS}, keys: {{"1": there}}, no_input: {{tries: 2, then: a}}}}', ["endless-return"]),
        (
            f'  a: {{type: menu, {ASKS}, keys: {{"1": there}}, no_input: {{tries: 2, then: b}}}}\n  b: {{type: play, say: x, next: a}}',
            ["endless-return"],
        ),
        ("  a: {type: goto_flow, flow: made}", ["busy-loop", "unreachable-node", "unreachable-node"]),
    ],
)
def test_a_loop_is_told_by_what_keeps_it_going(nodes: str, expected: list[str]) -> None:
    assert [code for code in codes(text(nodes)) if code != "no-way-out"] == expected


@pytest.mark.parametrize(
    "nodes",
    [
        "  a: {type: ring_group, group: g, no_answer: a, busy: a}",
        f'  a: {{type: menu, {ASKS}, keys: {{"1": there, "9": a}}, no_input: {{tries: 2, then: end}}}}',
        f'  a: {{type: menu, {ASKS}, keys: {{"1": there, "9": repeat, "0": back}}, no_input: {{tries: 2, then: end}}}}',
        "  a: {type: queue, queue: q, timeout: b, full: b, empty: there}\n  b: {type: play, say: x, next: a}",
    ],
)
def test_a_loop_in_which_somebody_presses_or_is_rung_is_none(nodes: str) -> None:
    assert not {"busy-loop", "endless-return", "no-way-out"} & set(codes(text(nodes)))


def test_a_loop_is_told_once_with_its_nodes() -> None:
    found = findings(text("  a: {type: play, say: x, next: b}\n  b: {type: play, say: y, next: a}"))
    (loop,) = [one for one in found if one.code == "busy-loop"]
    assert loop.words["nodes"] == "a → b → a"
    assert loop.place.line == 7


def test_a_place_without_a_way_out_is_told() -> None:
    nodes = f'  a: {{type: menu, {ASKS.replace("end", "a")}, keys: {{"1": a}}, no_input: {{tries: 2, then: a}}}}'
    assert "no-way-out" in codes(text(nodes))


def test_flows_that_send_a_call_to_one_another_are_a_loop() -> None:
    there = "  a: {type: play, say: x, next: b}\n  b: {type: goto_flow, flow: %s}"
    night = replace(made(there % "made"), name="night")
    known = replace(KNOWN, flows=frozenset({"night"}), book={"night": night})
    found = [one for one in findings(text(there % "night"), known) if one.code == "busy-loop"]
    assert [(one.place.line, one.words["nodes"]) for one in found] == [(8, "made/b → night/a → night/b → made/a → made/b")]
    assert "busy-loop" not in codes(
        text(there % "night"), replace(known, book={"night": replace(made("  a: {type: hangup}"), name="night")})
    )


def test_a_node_of_another_flow_has_to_be_there() -> None:
    known = replace(KNOWN, flows=frozenset({"night"}), book={"night": replace(made("  a: {type: hangup}"), name="night")})
    assert "unknown-target" in codes(text("  a: {type: goto_flow, flow: night, node: gone}"), known)
    assert "unknown-target" not in codes(text("  a: {type: goto_flow, flow: night, node: end}"), known)


def test_a_hundred_nodes_in_a_row_are_no_matter() -> None:
    nodes = "\n".join(f"  n{number}: {{type: set, values: {{x: y}}, next: n{number + 1}}}" for number in range(2000))
    assert codes(text(nodes + "\n  n2000: {type: set, values: {x: y}, next: there}")) == []
