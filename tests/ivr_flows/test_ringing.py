"""Whatever the dialplan says became of ringing leads somewhere."""

from __future__ import annotations

import pytest

from ivr_flows.effects import Connect, Play
from ivr_flows.inputs import CameBack, PlayFailed, PlayFinished
from tests.ivr_flows.made import Talk, made

OUTCOMES = ("answered", "no_answer", "busy", "unreachable", "full", "timeout", "empty", "done")


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "node",
    [
        "{type: ring_group, group: g, no_answer: end, busy: end}",
        "{type: extension, number: '201', no_answer: end, busy: end, unreachable: end}",
        "{type: queue, queue: q, timeout: end, full: end, empty: end}",
        "{type: queue, queue: q, timeout: end, full: end, empty: end, callback: end, answered: end}",
        "{type: conference, room: '900', full: end}",
        "{type: voicemail, box: '201', next: end}",
    ],
)
def test_every_outcome_ends_the_call_or_leads_on(node: str, outcome: str) -> None:
    talk = Talk(made(f"  a: {node}"))
    talk.begin()
    assert talk.state.away is not None
    talk.give(CameBack(outcome), after=20)
    assert talk.state.ended


def test_an_outcome_without_an_exit_goes_by_the_nearest() -> None:
    talk = Talk(made("  a: {type: ring_group, group: g, no_answer: end, busy: there}"))
    talk.begin()
    talk.give(CameBack("unreachable"))
    assert talk.state.ended == "hangup"


def test_a_word_that_the_dialplan_never_says_rings_the_fallback() -> None:
    talk = Talk(made("  a: {type: ring_group, group: g, no_answer: end, busy: there}"))
    talk.begin()
    talk.give(CameBack("surprise"))
    assert talk.state.ended == "fallback"


def test_a_conversation_may_be_followed_by_a_survey() -> None:
    talk = Talk(
        made("  a: {type: ring_group, group: g, no_answer: end, busy: end, answered: b}\n  b: {type: play, say: x, next: end}")
    )
    talk.begin()
    talk.give(CameBack("answered"), after=300)
    assert talk.state.node == "b"
    assert talk.state.values["outcome"] == "answered"


@pytest.mark.parametrize(
    "node",
    [
        "type: ring_group, group: g, no_answer: end, busy: end",
        "type: extension, number: '201', no_answer: end, busy: end",
        "type: queue, queue: q, timeout: end, full: end, empty: end",
        "type: conference, room: '900', full: end",
        "type: voicemail, box: '201', next: end",
        "type: voicemail, box: '201'",
    ],
)
@pytest.mark.parametrize("is_heard", [True, False])
def test_words_may_come_before_the_ringing_and_hold_nobody_up(node: str, is_heard: bool) -> None:
    talk = Talk(made(f"  a: {{{node}, say: おつなぎします。}}"))
    effects = talk.begin()
    assert [str(part) for effect in effects if isinstance(effect, Play) for part in effect.heard] == ["おつなぎします。"]
    assert talk.state.away is None
    token = talk.state.local.token
    effects = talk.give(PlayFinished(token) if is_heard else PlayFailed(token))
    assert any(isinstance(effect, Connect) for effect in effects)
    assert not any(isinstance(effect, Play) for effect in effects)
