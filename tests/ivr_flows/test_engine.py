"""The engine walks any flow to an end, raises nothing, and hands the call to the fallback wherever a flow is at its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.moments import SECOND
from ivr_flows.effects import Connect, Ended, Entered, HangUp, Left, Play, StopPlay, Wait, Why
from ivr_flows.engine import step
from ivr_flows.inputs import Answer, CameBack, Digit, HungUp, PlayFailed, PlayFinished, Recorded, Started, Timer
from ivr_flows.state import State
from tests.ivr_flows.made import NOON, Talk, around, made, read, text

MENU = """
  menu:
    type: menu
    say: "1を押してください。"
    keys: {"1": {go: there}, "2": {go: sub}, "9": {go: repeat}}
    no_input: {tries: 2, then: end}
    wrong_key: {tries: 2, then: end}
  sub:
    type: menu
    say: "0で戻ります。"
    keys: {"0": {go: back}, "1": {go: there}}
    no_input: {tries: 2, then: end}
    wrong_key: {tries: 2, then: end}
"""


def token(effects: tuple[object, ...]) -> int:
    return next(effect.token for effect in effects if isinstance(effect, Play))


def test_a_call_enters_its_flow_says_the_menu_and_has_a_deadline() -> None:
    talk = Talk(made(MENU))
    effects = talk.begin()
    assert effects[0] == Entered("made", "menu")
    assert isinstance(effects[1], Play)
    assert effects[1].barge_in
    assert effects[2] == Wait(NOON + 600 * SECOND)
    assert talk.give(PlayFinished(token(effects)), after=3) == (Wait(NOON + 8 * SECOND),)


def test_a_key_barges_in_and_rings() -> None:
    talk = Talk(made(MENU))
    first = token(talk.begin())
    effects = talk.give(Digit("1"), after=1)
    assert effects[:3] == (StopPlay(first), Left("made", "menu", "1", "there", Why("pressed", ("1", ""))), Entered("made", "there"))
    connect = effects[3]
    assert isinstance(connect, Connect)
    assert (connect.kind, connect.name, connect.ring, connect.back) == ("group", "front", 25 * SECOND, True)
    assert effects[4] == Wait(None)
    assert talk.give(CameBack("busy"), after=5)[-2:] == (HangUp(), Ended("hangup", Why("hung-up")))
    assert talk.state.ended == "hangup"


def test_back_returns_to_the_menu_before() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    talk.give(Digit("2"))
    assert talk.state.node == "sub"
    talk.give(Digit("0"))
    assert talk.state.node == "menu"
    assert len(talk.state.menus) == 1


def test_back_at_the_first_menu_stays_there() -> None:
    talk = Talk(read(text(MENU, head="start: sub")))
    talk.begin()
    talk.give(Digit("0"))
    assert (talk.state.node, talk.state.ended) == ("sub", "")


def test_time_away_does_not_count() -> None:
    talk = Talk(made("  a: {type: ring_group, group: g, no_answer: b, busy: b, answered: b}\n" + MENU.replace("menu:", "b:")))
    talk.begin()
    assert talk.state.away == NOON
    effects = talk.give(CameBack("answered"), after=3600)
    assert effects[-1] == Wait(NOON + 4200 * SECOND)
    assert talk.state.node == "b"


def test_the_flows_time_leads_to_the_fallback() -> None:
    talk = Talk(read(text(MENU, head="limits: {max_minutes: 1}")))
    talk.begin()
    effects = talk.give(Timer(), after=60)
    assert effects == (Connect("fallback", "made"), Ended("fallback", Why("limit-time")))


def test_the_flows_steps_lead_to_the_fallback() -> None:
    talk = Talk(read(text(MENU, head="limits: {max_steps: 5}")))
    talk.begin()
    for _ in range(10):
        talk.give(Digit("9"))
    assert talk.state.ended == "fallback"


def test_a_loop_without_a_wait_leads_to_the_fallback() -> None:
    talk = Talk(made('  a: {type: set, values: {x: "1"}, next: b}\n  b: {type: set, values: {y: "1"}, next: a}'))
    effects = talk.begin()
    assert effects[-1] == Ended("fallback", Why("limit-steps", ("60",)))


@pytest.mark.parametrize(
    "nodes", ["  a: {type: fly}", "  a: {type: play, say: x, next: nowhere}", "  a: {type: set, values: {x: y}}", ""]
)
def test_a_flow_with_faults_rings_somebody(nodes: str) -> None:
    flow = read(b"flow: made\nnodes:\n" + nodes.encode() + b"\n") if nodes else read(b"flow: made\n")
    talk = Talk(flow)
    effects = talk.begin()
    if talk.state.node == "a" and not talk.state.ended:
        effects = talk.give(PlayFinished(token(effects)))
    assert Connect("fallback", "made") in effects


def test_a_flow_that_is_not_there_rings_somebody() -> None:
    state, effects = step(around(), State(flow="gone"), Started(), NOON)
    assert effects == (Connect("fallback", "gone"), Ended("fallback", Why("broken", ("gone",))))
    assert state.ended == "fallback"


def test_a_flow_that_vanishes_in_the_middle_of_a_call_rings_somebody() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    talk.around = replace(talk.around, book={})
    assert talk.give(Digit("1"))[0] == Connect("fallback", "made")


def test_a_caller_who_hangs_up_ends_it_and_nothing_more_happens() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    assert talk.give(HungUp()) == (Ended("caller_hung_up", Why("caller-gone")),)
    for given in (Digit("1"), Timer(), CameBack("busy"), HungUp(), Started()):
        assert talk.give(given) == ()


def test_what_nobody_waits_for_changes_nothing() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    before = talk.state
    for given in (
        PlayFinished(99),
        PlayFailed(98),
        Timer(),
        CameBack("busy"),
        Recorded(97, 1),
        Answer(96, 200, {}),
        Digit("A"),
        Digit(""),
    ):
        assert talk.give(given) == ()
    assert replace(talk.state, tokens=0) == replace(before, tokens=0)


def test_while_the_dialplan_has_the_call_keys_are_not_the_flows() -> None:
    talk = Talk(made(MENU))
    talk.begin()
    talk.give(Digit("1"))
    assert talk.give(Digit("2")) == talk.give(Timer(), after=9999) == ()


def test_a_target_of_hangup_ends_the_call_without_a_node() -> None:
    talk = Talk(made("  a: {type: play, say: x, next: hangup}"))
    effects = talk.begin()
    assert talk.give(PlayFinished(token(effects)))[-2:] == (HangUp(), Ended("hangup", Why("played")))
