"""The caller is asked, recorded, and goes on, whatever becomes of the recording."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from ivr_flows.effects import Record, StopPlay, StopRecord
from ivr_flows.inputs import Digit, Input, PlayFinished, Recorded, RecordFailed, Timer
from tests.ivr_flows.made import Talk, made

NODE = '  a: {type: record, say: "どうぞ。", as: order, max: 30s, silence: 4s, end_key: "*", next: there, error: end}'


def begun() -> tuple[Talk, Record]:
    talk = Talk(made(NODE))
    talk.begin()
    (record,) = [effect for effect in talk.give(PlayFinished(talk.state.local.token)) if isinstance(effect, Record)]
    return talk, record


def test_it_records_after_the_words() -> None:
    _, record = begun()
    assert (record.kind, record.name, record.most, record.silence, record.end_keys) == (
        "message",
        "order",
        30 * SECOND,
        4 * SECOND,
        "*",
    )


def test_a_key_skips_the_words() -> None:
    talk = Talk(made(NODE))
    talk.begin()
    assert [type(effect) for effect in talk.give(Digit("5"))[:2]] == [StopPlay, Record]


def test_the_end_key_ends_it_and_what_was_said_is_kept() -> None:
    talk, record = begun()
    assert talk.give(Digit("5"), after=5) == ()
    assert talk.give(Digit("*")) == (StopRecord(record.token),)
    talk.give(Recorded(record.token, 5.0))
    assert talk.state.node == "there"


@pytest.mark.parametrize("given", [RecordFailed(3, "disk full"), Timer()])
def test_what_cannot_be_recorded_goes_its_own_way(given: Input) -> None:
    talk, record = begun()
    talk.give(RecordFailed(record.token, "disk full") if isinstance(given, RecordFailed) else given, after=60)
    assert talk.state.ended == "hangup"
