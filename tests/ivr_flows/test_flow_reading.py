"""A flow file is read to its end whatever is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import SECOND
from ivr_flows.flow_reading import presses, read_flow
from ivr_flows.model import Target
from tests.ivr_flows.made import WHOLE, made, read, whole


def test_the_office_is_read_whole() -> None:
    flow = whole()
    assert (flow.name, flow.title, flow.start, flow.fallback) == ("main", "代表 03-1234-5678", "hours", Target("group", "front"))
    assert (flow.limits.time, flow.limits.steps) == (600 * SECOND, 60)
    assert flow.hosts == ("crm.example",)
    assert flow.nodes["menu"].exits["1"].label == "営業"
    assert [one.name for one in flow.tests] == ["元日", "昼休み", "営業"]
    assert flow.tests[2].story.keys == ("1", "5")


def test_a_flow_without_a_start_begins_with_its_first_node() -> None:
    assert made("  first: {type: hangup}").start == "first"


def test_every_fault_is_told_at_once() -> None:
    flow, found = read_flow(b"flow: X\nlimits: {max_steps: many}\nnodes:\n  a: {type: fly}\n  b: {type: play}\n")
    assert flow is not None
    assert [one.code for one in found] == [
        "bad-name", "missing-fallback", "wrong-form", "unknown-type", "node-without-prompt", "outcome-without-next",
    ]  # fmt: skip


def test_keys_are_separate_presses() -> None:
    assert presses("1,9,#") == ("1", "9", "#")
    assert presses("1,,2") == ("1", "", "2")
    assert presses("031") == ("0", "3", "1")
    assert presses("") == ()


def test_a_tests_keys_may_be_a_list() -> None:
    flow = made(
        "  a: {type: hangup}",
        head="tests: [{name: t, at: 2027-01-01 10:00, keys: ['1', '23'], expect: {end: hangup}}]".replace("\n", ""),
    )
    assert flow.tests[0].story.keys == ("1", "2", "3")


@given(st.integers(0, 4000), st.binary(max_size=12))
def test_a_damaged_file_never_raises(place: int, junk: bytes) -> None:
    data = WHOLE.read_bytes()
    read_flow(data[:place] + junk + data[place + len(junk) :])


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", "[[]]", "{a: {b: c}}", '"{"'])
@pytest.mark.parametrize(
    "name", ["flow", "title", "fallback", "limits", "calendars", "hosts", "nodes", "tests", "start", "language"]
)
def test_any_shape_in_any_place_is_told_or_taken(name: str, value: str) -> None:
    read_flow(f"{name}: {value}\n".encode())


def test_an_empty_flow_can_be_walked_nowhere() -> None:
    assert read(b"flow: main\n").nodes == {}
