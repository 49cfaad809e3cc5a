"""A flow's own tests pass or say what is different."""

from __future__ import annotations

from ivr_flows.flow_tests import run_tests
from tests.ivr_flows.made import around, made, whole


def test_the_offices_own_tests_pass() -> None:
    flow = whole()
    assert [one.passed for one in run_tests(flow, around(flow))] == [True, True, True]


def test_a_test_that_fails_says_what_is_different() -> None:
    expect = "{path: [a, end], end: answered, rings: [group:x], heard: [nothing]}"
    flow = made("  a: {type: hangup, say: bye}", head="tests: [{name: t, at: 2027-01-01 10:00, expect: " + expect + "}]")
    (result,) = run_tests(flow, around(flow))
    assert not result.passed
    assert {one.what: (one.expected, one.found) for one in result.differences} == {
        "path": ("a → end", "a"),
        "end": ("answered", "hangup"),
        "rings": ("group:x", "-"),
        "heard": ("nothing", "bye"),
    }
