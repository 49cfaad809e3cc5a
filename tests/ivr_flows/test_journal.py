"""A call that was written down is walked again to the same end, step for step; a damaged journal is said."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.effects import Effect
from ivr_flows.inputs import Answer, CameBack, Digit, HungUp, Input, LookUpFailed, PlayFinished, Started, Timer
from ivr_flows.journal import JournalError, line, read, replay
from tests.ivr_flows.made import Talk, around, whole


def test_a_call_is_walked_again_as_it_was() -> None:
    flow = whole()
    talk = Talk(flow)
    journal: list[str] = []
    effects: list[Effect] = []
    for one, after in (
        (Started("0312345678", "0312340000"), 0), (Answer(3, 200, {"rank": "tin"}), 1), (Digit("7"), 2), (Digit("1", 90), 3),
        (CameBack("answered"), 120), (PlayFinished(11), 3), (Digit("4"), 2), (HungUp(), 1),
    ):  # fmt: skip
        effects += talk.give(one, after)
        journal.append(line(talk.now, one))
    walk = replay(around(flow), "main", journal)
    assert walk.effects == effects
    assert walk.path == ["hours", "screen", "lookup", "ranked", "menu", "sales", "survey", "keep", "thanks"]
    assert (walk.rings, walk.end) == (["group:sales"], "caller_hung_up")
    assert walk.whys("en")[4] == "key 1 was pressed 営業 → sales"


@pytest.mark.parametrize(
    "one", [Started("03", "x", ""), Digit("#", 80), Timer(), LookUpFailed(3, "x\ny"), Answer(1, 200, {"a": "ア"})]
)
def test_an_input_is_read_as_it_was_written(one: Input) -> None:
    text = line(5, one)
    assert "\n" not in text
    assert read(text) == (5, one)
    assert len(get_args(Input)) == 11


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at":1,"input":"Fly"}', '{"at":"x","input":"Timer"}', '{"at":1,"input":"Digit","digit":5}', "[" * 99_999,
             '{"at":1,"input":"Digit"}', '{"at":1,"input":["Digit"]}', '{"at":1,"input":"PlayFinished","token":true}']
)  # fmt: skip
def test_a_damaged_line_is_said(text: str) -> None:
    with pytest.raises(JournalError):
        read(text)


@given(st.text(max_size=60))
def test_any_line_is_an_input_or_the_one_error(text: str) -> None:
    try:
        read(text)
    except JournalError as error:
        assert str(error)
