"""Random walks through random flows: the engine never raises, always ends within its limits, and a flow that lint passes has no gap."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from appliance.moments import SECOND
from ivr_flows.checks import lint
from ivr_flows.effects import Connect, Effect, Ended, Entered, HangUp, LookUp, Play, Record, StopPlay, Wait
from ivr_flows.findings import blocks
from ivr_flows.inputs import (
    Answer,
    CameBack,
    Digit,
    HungUp,
    Input,
    LookUpFailed,
    PlayFailed,
    PlayFinished,
    Recorded,
    RecordFailed,
    Started,
    Timer,
)  # fmt: skip
from ivr_flows.model import Flow, Story
from ivr_flows.reading import KEYS
from ivr_flows.simulator import simulate
from tests.ivr_flows.made import KNOWN, Talk, around, read

NAMES = [f"n{number}" for number in range(7)]
OUTCOMES = ("answered", "no_answer", "busy", "unreachable", "full", "timeout", "empty", "done", "surprise")
TARGETS = st.sampled_from([*NAMES, "hangup"])
WRONG = st.sampled_from([*NAMES, "hangup", "gone", "repeat", "back"])


def trouble(targets: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda tries, then: f"{{tries: {tries}, then: {then}}}", st.integers(1, 3), targets)


def node(targets: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One node as YAML, whose outcomes lead anywhere."""
    asks = "no_input: {}, wrong_key: {}"
    forms: list[tuple[str, list[st.SearchStrategy[str]]]] = [
        ("{{type: calendar, calendar: c, open: {}, closed: {}}}", [targets, targets]),
        ('{{type: menu, say: x, keys: {{"1": {}, "#": {}, "9": repeat, "0": back}}, ' + asks + "}}",
         [targets] * 2 + [trouble(targets)] * 2),
        ('{{type: menu, say: x, keys: {{"1": {}}}, direct_dial: {{extensions: 20-29, no_answer: {}, busy: {}}}, ' + asks + "}}",
         [targets] * 3 + [trouble(targets)] * 2),
        ("{{type: collect, say: x, into: v, min: 2, max: 3, " + asks + ", next: {}}}", [trouble(targets)] * 2 + [targets]),
        ('{{type: play, say: "a{{caller}}", next: {}}}', [targets]),
        ("{{type: if, value: caller, is: [03*], then: {}, else: {}}}", [targets, targets]),
        ('{{type: http, url: "https://h.example/", timeout: 2s, save: {{r: r}}, next: {}, error: {}}}', [targets, targets]),
        ('{{type: set, values: {{w: "{{caller}}"}}, next: {}}}', [targets]),
        ("{{type: extension, number: '201', no_answer: {}, busy: {}}}", [targets, targets]),
        ("{{type: ring_group, group: g, no_answer: {}, busy: {}, answered: {}}}", [targets] * 3),
        ("{{type: queue, queue: q, timeout: {}, full: {}, empty: {}, callback: {}}}", [targets] * 4),
        ("{{type: voicemail, box: '201'}}", []),
        ("{{type: voicemail, box: '201', next: {}}}", [targets]),
        ("{{type: record, as: r, next: {}, error: {}}}", [targets, targets]),
        ("{{type: callback, target: queue:q, next: {}, no_number: {}}}", [targets, targets]),
        ("{{type: conference, room: '900', full: {}}}", [targets]),
        ("{{type: goto_flow, flow: made}}", []),
        ("{{type: hangup, say: x}}", []),
    ]  # fmt: skip
    return st.sampled_from(forms).flatmap(lambda form: st.tuples(*form[1]).map(lambda values: form[0].format(*values)))


def flows(targets: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """A whole flow."""
    head = "flow: made\nfallback: group:front\nhosts: [h.example]\nlimits: {{max_minutes: {}, max_steps: {}}}\n"
    calendar = 'calendars: {c: {open: {mon-fri: "9:00-18:00"}, closed_dates: [jp-holidays]}}\nnodes:\n'
    return st.builds(
        lambda minutes, steps, nodes: (head.format(minutes, steps) + calendar + "".join(
            f"  {name}: {one}\n" for name, one in zip(NAMES, nodes, strict=True))).encode(),
        st.integers(1, 5), st.integers(1, 40), st.lists(node(targets), min_size=len(NAMES), max_size=len(NAMES)),
    )  # fmt: skip


class Keeper:
    """A service that performs effects as the contract says, and holds the engine to it."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.talk = Talk(flow)
        self.timer: int | None = None
        self.away = False
        self.open: list[tuple[type, int]] = []
        self.entered = self.gone = 0

    def give(self, given: Input, after: float = 0.0) -> None:
        """One input; what comes of it is looked at."""
        was_over = bool(self.talk.state.ended)
        effects = self.talk.give(given, after)
        assert not (was_over and effects), "an ended call has effects"
        self.away = self.away and not isinstance(given, CameBack)
        for place, effect in enumerate(effects):
            self._take(effect, effects[place + 1 :])
        state = self.talk.state
        assert state.steps <= self.flow.limits.steps
        assert state.ended or self.away or self.timer is not None, "a call waits for nothing"
        assert bool(state.ended) is any(isinstance(effect, Ended) for effect in effects) or was_over

    def _take(self, effect: Effect, behind: tuple[Effect, ...]) -> None:
        if isinstance(effect, Entered):
            self.entered += 1
        elif isinstance(effect, Wait):
            assert effect.until is None or effect.until >= self.talk.now, "a deadline in the past"
            self.timer = effect.until
        elif isinstance(effect, Play | LookUp | Record):
            self.open.append((type(effect), effect.token))
            assert len({token for _, token in self.open}) == len(self.open), "a token is used twice"
        elif isinstance(effect, StopPlay):
            assert (Play, effect.token) in self.open, "stops what was never played"
        elif isinstance(effect, Connect):
            self.away = effect.back
            assert effect.back or any(isinstance(one, Ended) for one in behind), "a call is given away and kept"
        elif isinstance(effect, HangUp):
            self.gone += 1

    def answer(self) -> list[Input]:
        """What may happen now: what was begun ends in every way, keys, outcomes, the timer."""
        found: list[Input] = [Timer(), *(Digit(key) for key in KEYS)]
        for kind, token in self.open[-2:]:
            if kind is Play:
                found += [PlayFinished(token), PlayFailed(token)]
            elif kind is LookUp:
                found += [Answer(token, 200, {"r": "1"}), Answer(token, 500, {}), LookUpFailed(token, "x")]
            else:
                found += [Recorded(token, 1.0), RecordFailed(token, "x")]
        return found + [CameBack(outcome) for outcome in OUTCOMES] if self.away else found

    def wait_out(self) -> None:
        """Do nothing more than time does, until the end."""
        for _ in range(400):
            if self.talk.state.ended:
                return
            if self.away:
                self.give(CameBack("no_answer"), after=30)
            elif self.timer is not None:
                self.give(Timer(), after=max(0, self.timer - self.talk.now) / SECOND)


WALKS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), max_size=25)


@settings(max_examples=200)
@given(data=flows(WRONG), walk=WALKS, caller=st.sampled_from(["0312345678", "", "x"]))
def test_any_walk_through_any_flow_ends_within_its_limits(data: bytes, walk: list[tuple[int, int]], caller: str) -> None:
    keeper = Keeper(read(data))
    keeper.give(Started(caller))
    for choice, seconds in walk:
        options = keeper.answer()
        keeper.give(options[choice % len(options)], after=seconds)
    keeper.wait_out()
    assert keeper.talk.state.ended
    assert keeper.entered <= keeper.flow.limits.steps
    keeper.give(HungUp())


@settings(max_examples=300)
@given(data=flows(TARGETS), walk=WALKS)
def test_a_flow_that_lint_passes_has_no_gap(data: bytes, walk: list[tuple[int, int]]) -> None:
    flow, found = lint(data, KNOWN)
    assume(flow is not None and not blocks(found))
    assert flow is not None
    for one in flow.nodes.values():
        assert all(exit_.target in {*flow.nodes, "hangup", "repeat", "back"} for exit_ in one.exits.values())
    keeper = Keeper(flow)
    keeper.give(Started("0312345678"))
    for choice, seconds in walk:
        options = [one for one in keeper.answer() if one != CameBack("surprise")]
        before = keeper.talk.state
        keeper.give(options[choice % len(options)], after=seconds)
        if keeper.talk.state.ended == "fallback":
            assert keeper.talk.now >= before.limit or keeper.talk.state.steps >= flow.limits.steps


@settings(max_examples=100)
@given(data=flows(TARGETS), keys=st.lists(st.sampled_from([*KEYS, ""]), max_size=12), outcome=st.sampled_from(OUTCOMES))
def test_a_simulation_is_the_same_each_time_and_tells_every_step(data: bytes, keys: list[str], outcome: str) -> None:
    flow = read(data)
    story = Story("2027-01-06 11:00", "0312345678", keys=tuple(keys), outcomes=dict.fromkeys(NAMES, outcome))
    walks: list[dict[str, Any]] = [simulate(around(flow), "made", story).as_json("ja", around(flow)) for _ in range(2)]
    assert walks[0] == walks[1]
    assert walks[0]["end"] in ("hangup", "answered", "voicemail", "conference", "fallback", "caller_hung_up")
    assert len(walks[0]["why"]) == len(walks[0]["path"])
    assert all(walks[0]["why"])
