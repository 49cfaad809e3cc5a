"""A value is compared with texts, beginnings of numbers, words for withheld numbers, and bounds."""

from __future__ import annotations

import pytest

from tests.ivr_flows.made import Talk, made


@pytest.mark.parametrize(
    ("pattern", "caller", "reason", "fits"),
    [
        ('["03-1234-5678"]', "0312345678", "", True),
        ("[090*, 080*]", "08012345678", "", True),
        ("[090*]", "0312345678", "", False),
        ("[withheld]", "", "payphone", True),
        ("[payphone]", "", "payphone", True),
        ("[anonymous]", "", "payphone", False),
        ("[withheld]", "0312345678", "", False),
        ('["*"]', "0312345678", "", True),
        ('["０３１２３４５６７８"]', "0312345678", "", True),
    ],
)
def test_a_caller_is_known_by_number_or_by_word(pattern: str, caller: str, reason: str, fits: bool) -> None:
    talk = Talk(made(f"  a: {{type: if, value: caller, is: {pattern}, then: there, else: end}}"))
    talk.begin(caller, reason)
    assert (talk.state.node == "there") is fits


@pytest.mark.parametrize(("value", "fits"), [("4", True), ("5", True), ("3", False), ("x", False), ("", False), ("9" * 30, False)])
def test_a_number_is_compared_with_bounds(value: str, fits: bool) -> None:
    compared = "{type: if, value: score, at_least: 4, then: there, else: end}"
    nodes = f'  b: {{type: set, values: {{score: "{value}"}}, next: a}}\n  a: {compared}'
    talk = Talk(made(nodes))
    talk.begin()
    assert (talk.state.node == "there") is fits
