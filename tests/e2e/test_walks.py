"""The simulator and the real Asterisk agree on the path of random walks: keys pressed by RFC 4733, by INFO and as tones in the speech.

30 walks; `WALKS=1000 pytest tests/e2e/test_walks.py` holds as many as one likes. A walk ends in silence, until the flow hangs up.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ivr_flows.flow_reading import read_flow
from ivr_flows.model import Story
from ivr_flows.simulator import simulate
from ivr_flows.state import Around
from tests import needs
from tests.bed.acts import Act, Agent, Party, hears_bye, inform, invite, press, talk
from tests.bed.asterisk import UnavailableError
from tests.bed.flow_office import FlowOffice

pytestmark = [needs.root, needs.namespaces(), needs.program("mmdebstrap", "sipp")]

WALKS = int(os.environ.get("WALKS", "30"))
AT_ONCE = 6
MAIN = """
flow: main
language: ja
start: hours
fallback: group:front
limits: {max_minutes: 2, max_steps: 25}
calendars:
  always: {open: {mon-sun: "00:00-24:00"}}
nodes:
  hours: {type: calendar, calendar: always, open: first, closed: bye}
  first:
    type: menu
    say: "一番から三番まで。"
    keys: {"1": {go: second}, "2": {go: number}, "3": {go: which}, "9": {go: repeat}, "#": {go: elsewhere}}
    no_input: {tries: 2, then: second}
    wrong_key: {tries: 2, then: mark}
    timeout: 3s
  second:
    type: menu
    say: "戻るには零を。"
    keys: {"0": {go: back}, "1": {go: mark}, "5": {go: number}}
    no_input: {tries: 1, then: bye}
    wrong_key: {tries: 3, then: bye}
    timeout: 3s
  number:
    type: collect
    say: "三桁をどうぞ。"
    into: code
    min: 3
    max: 3
    timeout: 3s
    between: 3s
    no_input: {tries: 2, then: second}
    wrong_key: {tries: 2, then: first}
    next: check
  check: {type: if, value: code, is: ["1*", "2*"], then: mark, else: second}
  mark: {type: set, values: {seen: "yes"}, next: which}
  which: {type: if, value: caller, is: ["090*"], then: elsewhere, else: bye}
  elsewhere: {type: goto_flow, flow: side}
  bye: {type: hangup}
"""
SIDE = """
flow: side
language: ja
start: ask
fallback: group:front
nodes:
  ask:
    type: menu
    say: "別の案内です。"
    keys: {"1": {go: over}, "2": {go: repeat}}
    no_input: {tries: 2, then: over}
    wrong_key: {tries: 2, then: over}
    timeout: 3s
  over: {type: hangup}
"""
KEYS = "0123459#"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowOffice]:
    try:
        office = FlowOffice(tmp_path_factory.mktemp("walks"), [MAIN, SIDE])
    except UnavailableError as error:
        pytest.skip(str(error))
    with office.running():
        yield office


def predicted(office: FlowOffice, caller: str, keys: str) -> list[str]:
    flows = {flow.name: flow for flow, _ in (read_flow(text.encode()) for text in (MAIN, SIDE)) if flow is not None}
    around = Around(flows, office.box.config.site.zone)
    return simulate(around, "main", Story(at="2026-11-24 12:00", caller=caller, called="0312345678", keys=tuple(keys))).path


@dataclass(frozen=True, slots=True)
class at_once(Act):  # noqa: N801 - acts read as words
    """Press keys, and be ready for what comes of it at once."""

    keys: Act

    def xml(self, me: Party, calls: bool) -> str:
        return re.sub(r'<pause milliseconds="\d+"/>$', "", self.keys.xml(me, calls))


def walker(office: FlowOffice, way: str, caller: str, keys: str) -> Agent:
    """Somebody who presses these keys, a second apart, and listens until the flow hangs up."""
    dialled = invite("0312345678")
    if way == "tones":
        return office.whistles(caller, keys, 0.9, 1.0, dialled, hears_bye())
    acts: list[Act] = [dialled, talk(0.5)]
    for place, key in enumerate(keys):
        acts += [talk(0.6), at_once(press(key, 0.0) if way == "rfc4733" else inform(key, 20 + place))]
        acts += [talk(0.4)] if place < len(keys) - 1 else []
    return office.office.outside(caller, *acts, hears_bye())


def heeded(office: FlowOffice, caller: str, keys: str) -> str:
    """The keys that make a difference: nobody presses any once the flow has hung up."""
    path = predicted(office, caller, keys)
    return next(keys[:count] for count in range(len(keys) + 1) if predicted(office, caller, keys[:count]) == path)


@pytest.mark.parametrize("way", ["rfc4733", "info", "tones"])
def test_the_simulator_and_asterisk_agree_on_the_path(office: FlowOffice, way: str) -> None:
    chance = random.Random(f"walks by {way}")
    walks = {
        f"{chance.choice(('090', '080'))}{ord(way[0]):03}{number:05}": "".join(chance.choices(KEYS, k=chance.randint(0, 6)))
        for number in range((WALKS + 2) // 3)
    }
    walks = {caller: heeded(office, caller, keys) for caller, keys in walks.items()}
    callers = list(walks)
    for begin in range(0, len(callers), AT_ONCE):
        office.office.plays(*(walker(office, way, caller, walks[caller]) for caller in callers[begin : begin + AT_ONCE]))
    wrong = {
        (caller, keys): (office.path(caller), path)
        for caller, keys in walks.items()
        if office.path(caller) != (path := predicted(office, caller, keys))
    }
    assert not wrong, f"{wrong}\n{office.log()[-2000:]}"


def test_what_is_walked_is_worth_walking(office: FlowOffice) -> None:
    reached = {
        record
        for caller in ("0901", "0801")
        for keys in ("", "1", "2123", "2999", "3", "#1", "99", "10")
        for record in predicted(office, caller, keys)
    }
    assert reached == {"hours", "first", "second", "number", "check", "mark", "which", "elsewhere", "ask", "over", "bye"}
