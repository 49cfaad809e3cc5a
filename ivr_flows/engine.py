"""The one engine: `step(around, state, input, now) -> (state, effects)`, for production, simulator, replay and property tests. Pure.

It never raises and always ends. A call that exceeds its flow's limits, or meets a fault that lint would have told, goes to the flow's
fallback: somebody's phone rings. Time is handed in, the next deadline is handed out (`Wait`); while the dialplan has the call the flow's
time stands still.
"""

from __future__ import annotations

from dataclasses import replace

from ivr_flows.effects import Connect, Effect, Ended, Entered, HangUp, Left, Wait, Why
from ivr_flows.inputs import CameBack, Digit, HungUp, Input, Started, Timer
from ivr_flows.model import BACK, HANGUP, Flow
from ivr_flows.node_types import types
from ivr_flows.reading import KEYS
from ivr_flows.state import NOTHING, Around, Call, Finish, Jump, Leave, Move, State, Stay

_ALWAYS = 600
"""Nodes without a wait between them that no limit may exceed."""


def step(around: Around, state: State, given: Input, now: int) -> tuple[State, tuple[Effect, ...]]:
    """What becomes of the call, and what is to be done."""
    if state.ended:
        return state, ()
    walk = _Walk(around, state, now)
    if isinstance(given, HungUp):
        walk.end("caller_hung_up", Why("caller-gone"))
    elif not state.node:
        walk.begin(given if isinstance(given, Started) else Started())
    elif walk.flow is None:
        walk.fall_back(Why("broken", (state.flow,)))
    elif state.away is not None:
        if isinstance(given, CameBack):
            walk.come_back(given)
    elif now >= state.limit:
        walk.fall_back(Why("limit-time"))
    elif not _is_idle(state, given, now):
        walk.react(given)
    return walk.result()


def _is_idle(state: State, given: Input, now: int) -> bool:
    """Whether this input says nothing to a node: it came too early, or is no key."""
    if isinstance(given, Timer):
        return state.deadline is None or now < state.deadline
    return isinstance(given, Started | CameBack) or (
        isinstance(given, Digit) and (len(given.digit) != 1 or given.digit not in KEYS)
    )


class _Walk:
    """One step of one call: a state that moves on, and the effects of it."""

    def __init__(self, around: Around, state: State, now: int) -> None:
        self.around = around
        self.before = state
        self.state = state
        self.now = now
        self.flow: Flow | None = around.book.get(state.flow)
        self.effects: list[Effect] = []
        self.passed = 0

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        """The new state, and what is to be done; the timer is set anew where it moved."""
        if not self.state.ended:
            timer, before = _timer(self.state), _timer(self.before) if self.before.node else None
            if timer != before:
                self.effects.append(Wait(timer))
        return self.state, tuple(self.effects)

    def begin(self, started: Started) -> None:
        """The call enters its flow."""
        if self.flow is None:
            self.fall_back(Why("broken", (self.state.flow,)))
            return
        values = {"caller": started.caller, "called": started.called, "caller_reason": started.caller_reason}
        self.state = replace(self.state, values=values, limit=self.now + self.flow.limits.time)
        self.enter(self.flow.start)

    def react(self, given: Input) -> None:
        """Something happens to the call in its node."""
        call = self._call()
        if call is None:
            self.fall_back(Why("broken", (self.state.node,)))
            return
        self._follow(types()[call.node.type].react(call, call.node.options, given))

    def come_back(self, given: CameBack) -> None:
        """The dialplan gives the call back; the time away does not count."""
        away = self.state.away if self.state.away is not None else self.now
        self.state = replace(self.state, away=None, limit=self.state.limit + max(0, self.now - away))
        self.react(given)

    def enter(self, name: str) -> None:
        """The call comes to a node."""
        assert self.flow is not None
        self.passed += 1
        if self.state.steps >= self.flow.limits.steps or self.passed > _ALWAYS:
            self.fall_back(Why("limit-steps", (str(self.flow.limits.steps),)))
            return
        node = self.flow.nodes.get(name)
        if node is None or node.type not in types():
            self.fall_back(Why("broken", (name,)))
            return
        self.effects.append(Entered(self.flow.name, name))
        menus = self.state.menus
        if node.type == "menu" and (not menus or menus[-1] != (self.flow.name, name)):
            menus = (*menus[-20:], (self.flow.name, name))
        self.state = replace(
            self.state, flow=self.flow.name, node=name, local=NOTHING, deadline=None, steps=self.state.steps + 1, menus=menus
        )
        call = self._call()
        assert call is not None
        self._follow(types()[node.type].enter(call, node.options))

    def _call(self) -> Call | None:
        if self.flow is None or (node := self.flow.nodes.get(self.state.node)) is None:
            return None
        self.state = replace(self.state, tokens=self.state.tokens + 1)
        return Call(self.around, self.flow, node, self.state, self.now, self.state.tokens)

    def _follow(self, move: Move) -> None:
        if isinstance(move, Stay):
            self._stay(move)
        elif isinstance(move, Leave):
            self._leave(move)
        elif isinstance(move, Jump):
            self._jump(move)
        else:
            self._finish(move)

    def _stay(self, move: Stay) -> None:
        steps = self.state.steps + move.again
        assert self.flow is not None
        if steps > self.flow.limits.steps:
            self.fall_back(Why("limit-steps", (str(self.flow.limits.steps),)))
            return
        self.effects += move.effects
        away = self.now if any(isinstance(effect, Connect) for effect in move.effects) else None
        self.state = replace(self.state, local=move.local, deadline=move.deadline, steps=steps, away=away)

    def _leave(self, move: Leave) -> None:
        assert self.flow is not None
        self.effects += move.effects
        if move.values:
            self.state = replace(self.state, values={**self.state.values, **move.values})
        target = self.flow.nodes[self.state.node].next(move.outcome)
        self.effects.append(Left(self.flow.name, self.state.node, move.outcome, target or "", move.why))
        if target is None:
            self.fall_back(Why("broken", (self.state.node,)))
        elif target in self.flow.nodes:
            self.enter(target)
        elif target == HANGUP:
            self._finish(Finish("hangup", move.why, (HangUp(),)))
        elif target == BACK:
            self._back()
        else:
            self.fall_back(Why("broken", (target,)))

    def _back(self) -> None:
        """To the menu before this one; to this one where there is none."""
        menus = self.state.menus
        here = (self.state.flow, self.state.node)
        if len(menus) > 1 and menus[-1] == here:
            menus = menus[:-1]
        if not menus:
            self.fall_back(Why("broken", (BACK,)))
            return
        flow, node = menus[-1]
        self.state = replace(self.state, menus=menus[:-1])
        self.flow = self.around.book.get(flow, self.flow)
        self.enter(node)

    def _jump(self, move: Jump) -> None:
        flow = self.around.book.get(move.flow)
        self.effects.append(Left(self.state.flow, self.state.node, "flow", move.flow, move.why))
        if flow is None:
            self.fall_back(Why("broken", (move.flow,)))
            return
        self.flow = flow
        self.enter(move.node or flow.start)

    def _finish(self, move: Finish) -> None:
        self.effects += move.effects
        self.end(move.end, move.why)

    def fall_back(self, why: Why) -> None:
        """Somebody's phone rings: the dialplan's fallback of this flow."""
        name = self.flow.name if self.flow is not None else self.state.flow
        self.effects.append(Connect("fallback", name))
        self.end("fallback", why)

    def end(self, end: str, why: Why) -> None:
        """Nothing more is to be done with this call."""
        self.effects.append(Ended(end, why))
        self.state = replace(self.state, ended=end, deadline=None, away=None)


def _timer(state: State) -> int | None:
    """When something has to happen at the latest: the node's deadline, or the end of the flow's time."""
    if state.away is not None:
        return None
    return state.limit if state.deadline is None else min(state.deadline, state.limit)
