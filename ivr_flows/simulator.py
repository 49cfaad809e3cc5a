"""What happens on this date, from this number, with these keys, and why: a caller made of a story walks the real engine. Pure.

The caller listens to the end of what is said and then presses the next key; without keys left he does nothing. Whatever is rung is answered
unless the story says otherwise, and a look-up fails unless the story has its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.moments import SECOND, from_iso, isoformat
from appliance.numbers import parse
from appliance.options import WITHHELD
from ivr_flows.effects import Connect, Effect, Ended, Entered, Left, LookUp, Play, Record, StopPlay, StopRecord, Wait, Why
from ivr_flows.engine import step
from ivr_flows.inputs import Answer, CameBack, Digit, HungUp, Input, LookUpFailed, PlayFinished, Recorded, Started, Timer
from ivr_flows.model import Story
from ivr_flows.reasons import sentence
from ivr_flows.said import seconds_of
from ivr_flows.state import Around, State

ASKS = ("menu", "collect")
TALK = 60 * SECOND
_MOST = 4000


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the path."""

    flow: str
    node: str
    at: int
    outcome: str = ""
    next: str = ""
    why: Why | None = None


@dataclass(slots=True)
class Walk:
    """What came of a story."""

    steps: list[Step] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    rings: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    end: str = ""
    why: Why | None = None

    @property
    def path(self) -> list[str]:
        """The nodes in order."""
        return [one.node for one in self.steps]

    def note(self, effect: Effect, now: int, around: Around) -> None:
        """One more effect of the call."""
        self.effects.append(effect)
        if isinstance(effect, Entered):
            self.steps.append(Step(effect.flow, effect.node, now))
        elif isinstance(effect, Left):
            self.steps[-1] = replace(self.steps[-1], outcome=effect.outcome, next=effect.target, why=effect.why)
        elif isinstance(effect, Play):
            self.heard += [str(one) for one in effect.heard]
        elif isinstance(effect, Connect):
            self.rings.append(_rings(effect, around))
        elif isinstance(effect, Ended):
            self.end, self.why = effect.end, effect.why

    def whys(self, language: str) -> list[str]:
        """Why each step ended as it did; as long as the path."""
        return [self._why(one, language) for one in self.steps]

    def _why(self, one: Step, language: str) -> str:
        found = one.why or self.why
        told = sentence(found, language) if found else ""
        return f"{told} → {one.next or self.end}"

    def as_json(self, language: str, around: Around) -> dict[str, Any]:
        """The walk as `appliance ivr simulate --json` prints it."""
        whys = self.whys(language)
        return {
            "path": self.path,
            "heard": self.heard,
            "rings": self.rings,
            "end": self.end,
            "why": whys,
            "steps": [
                {
                    "flow": one.flow,
                    "node": one.node,
                    "at": isoformat(one.at, around.zone),
                    "outcome": one.outcome or self.end,
                    "next": one.next or None,
                    "why": told,
                }
                for one, told in zip(self.steps, whys, strict=True)
            ],
        }


def _rings(effect: Connect, around: Around) -> str:
    flow = around.book.get(effect.name) if effect.kind == "fallback" else None
    return str(flow.fallback) if flow is not None and flow.fallback else f"{effect.kind}:{effect.name}"


def simulate(around: Around, flow: str, story: Story, lengths: Mapping[str, float] | None = None) -> Walk:
    """Walk the story through the flow. Raises ValueError for a moment that is none."""
    now = from_iso(story.at, around.zone)
    around = replace(around, switches={**around.switches, **story.switches}) if story.switches else around
    caller = _Caller(around, story, lengths or {}, State(flow=flow), now)
    return caller.walk(started(story))


def started(story: Story) -> Started:
    """The call as it comes in: numbers in national form, or the word for why there is none."""
    if not story.caller or story.caller in WITHHELD:
        reason = story.caller if story.caller in WITHHELD[1:] else WITHHELD[1]
        return Started("", parse(story.called).national, reason)
    return Started(parse(story.caller).national, parse(story.called).national)


class _Caller:
    """Performs effects as a patient caller at a quiet office would."""

    def __init__(self, around: Around, story: Story, lengths: Mapping[str, float], state: State, now: int) -> None:
        self.around, self.story, self.lengths = around, story, lengths
        self.state, self.now = state, now
        self.keys = list(story.keys)
        self.timer: int | None = None
        self.pending: list[tuple[int, Input]] = []
        self.known = Walk()

    def walk(self, first: Started) -> Walk:
        """From the first input to the end."""
        given: Input = first
        for _ in range(_MOST):
            self.state, effects = step(self.around, self.state, given, self.now)
            for effect in effects:
                self._perform(effect)
            if self.state.ended:
                return self.known
            given = self._next()
        self.known.end, self.known.why = "unfinished", Why("simulation-over")
        return self.known

    def _next(self) -> Input:
        """What happens next: something that was begun comes to its end, a key, or the timer."""
        if self.pending:
            after, given = self.pending.pop(0)
            self.now += after
            return given
        if self.keys and self._is_asked() and (key := self.keys.pop(0)):
            self.now += SECOND
            return Digit(key[:1], 100)
        if self.timer is None:
            return HungUp()
        self.now = max(self.now, self.timer)
        return Timer()

    def _is_asked(self) -> bool:
        node = self.around.book[self.state.flow].nodes[self.state.node]
        return node.type in ASKS

    def _perform(self, effect: Effect) -> None:
        self.known.note(effect, self.now, self.around)
        if isinstance(effect, Play):
            length = round(seconds_of(effect.heard, self.lengths) * SECOND)
            self.pending.append((length, PlayFinished(effect.token)))
        elif isinstance(effect, StopPlay | StopRecord):
            self.pending.clear()
        elif isinstance(effect, Wait):
            self.timer = effect.until
        elif isinstance(effect, Connect):
            self._ring(effect)
        elif isinstance(effect, LookUp):
            self._look_up(effect)
        elif isinstance(effect, Record):
            length = min(10 * SECOND, effect.most)
            self.pending.append((length, Recorded(effect.token, length / SECOND)))

    def _ring(self, effect: Connect) -> None:
        self.pending.clear()
        if effect.back:
            usual = "done" if effect.kind in ("voicemail", "conference") else "answered"
            outcome = self.story.outcomes.get(self.state.node, usual)
            length = TALK if outcome in ("answered", "done") else effect.ring or TALK
            self.pending.append((length, CameBack(outcome)))

    def _look_up(self, effect: LookUp) -> None:
        values = self.story.answers.get(self.state.node)
        given: Input = LookUpFailed(effect.token, "no answer in this story")
        if values is not None:
            status = values.get("status", "200")
            given = Answer(effect.token, int(status) if status.isdecimal() else 200, values)
        self.pending.append((SECOND // 5, given))
