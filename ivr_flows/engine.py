"""The one engine: `step(around, state, input, now) -> (state, effects)`, for production, simulator, replay and property tests. Pure.

It never raises and always ends. A call that exceeds its flow's limits, or meets a fault that lint would have told, goes to the flow's
fallback: somebody's phone rings. Time is handed in, the next deadline is handed out (`Wait`); while the dialplan has the call the flow's
time stands still.
"""

from __future__ import annotations

from ivr_flows.effects import Connect, Effect, Ended, Entered, HangUp, Left, Wait, Why
from ivr_flows.inputs import CameBack, Digit, HungUp, Input, Started, Timer
from ivr_flows.model import BACK, HANGUP, Flow, Node
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
    """One step of one call: what its state becomes, and the effects. The fields are the state's; they are frozen again at the end."""

    __slots__ = (
        "around", "away", "deadline", "effects", "ended", "flow", "flow_name", "limit", "local", "menus", "node", "now", "passed", "state",
        "steps", "tokens", "values",
    )  # fmt: skip

    def __init__(self, around: Around, state: State, now: int) -> None:
        self.around, self.state, self.now = around, state, now
        self.flow_name, self.node, self.local, self.deadline = state.flow, state.node, state.local, state.deadline
        self.limit, self.steps, self.tokens, self.values = state.limit, state.steps, state.tokens, state.values
        self.menus, self.away, self.ended = state.menus, state.away, state.ended
        self.flow: Flow | None = around.book.get(state.flow)
        self.effects: list[Effect] = []
        self.passed = 0

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        """The new state, and what is to be done; the timer is set anew where it moved."""
        if not self.ended:
            before = _timer(self.state.away, self.state.deadline, self.state.limit) if self.state.node else None
            timer = _timer(self.away, self.deadline, self.limit)
            if timer != before:
                self.effects.append(Wait(timer))
        state = State(
            self.flow_name, self.node, self.local, self.deadline, self.limit, self.steps, self.tokens, self.values, self.menus, self.away,
            self.ended,
        )  # fmt: skip
        return state, tuple(self.effects)

    def begin(self, started: Started) -> None:
        """The call enters its flow."""
        if self.flow is None:
            self.fall_back(Why("broken", (self.flow_name,)))
            return
        self.values = {"caller": started.caller, "called": started.called, "caller_reason": started.caller_reason}
        self.limit = self.now + self.flow.limits.time
        self.enter(self.flow.start)

    def react(self, given: Input) -> None:
        """Something happens to the call in its node."""
        node = self.flow.nodes.get(self.node) if self.flow is not None else None
        kind = types().get(node.type) if node is not None else None
        if node is None or kind is None:
            self.fall_back(Why("broken", (self.node,)))
            return
        self._follow(kind.react(self._call(node), node.options, given))

    def come_back(self, given: CameBack) -> None:
        """The dialplan gives the call back; the time away does not count."""
        if self.away is not None:
            self.limit += max(0, self.now - self.away)
        self.away = None
        self.react(given)

    def enter(self, name: str) -> None:
        """The call comes to a node."""
        assert self.flow is not None
        self.passed += 1
        if self.steps >= self.flow.limits.steps or self.passed > _ALWAYS:
            self.fall_back(Why("limit-steps", (str(self.flow.limits.steps),)))
            return
        node = self.flow.nodes.get(name)
        kind = types().get(node.type) if node is not None else None
        if node is None or kind is None:
            self.fall_back(Why("broken", (name,)))
            return
        here = (self.flow.name, name)
        self.effects.append(Entered(*here))
        if node.type == "menu" and (not self.menus or self.menus[-1] != here):
            self.menus = (*self.menus[-20:], here)
        self.flow_name, self.node, self.local, self.deadline = *here, NOTHING, None
        self.steps += 1
        self._follow(kind.enter(self._call(node), node.options))

    def _call(self, node: Node) -> Call:
        assert self.flow is not None
        self.tokens += 1
        return Call(self.around, self.flow, node, self.local, self.values, self.deadline, self.now, self.tokens)

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
        assert self.flow is not None
        if move.again and self.steps >= self.flow.limits.steps:
            self.fall_back(Why("limit-steps", (str(self.flow.limits.steps),)))
            return
        self.steps += move.again
        for effect in move.effects:
            self.effects.append(effect)
            if isinstance(effect, Connect):
                self.away = self.now
        self.local, self.deadline = move.local, move.deadline

    def _leave(self, move: Leave) -> None:
        assert self.flow is not None
        self.effects += move.effects
        if move.values:
            self.values = {**self.values, **move.values}
        target = self.flow.nodes[self.node].next(move.outcome)
        self.effects.append(Left(self.flow.name, self.node, move.outcome, target or "", move.why))
        if target is None:
            self.fall_back(Why("broken", (self.node,)))
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
        if len(self.menus) > 1 and self.menus[-1] == (self.flow_name, self.node):
            self.menus = self.menus[:-1]
        if not self.menus:
            self.fall_back(Why("broken", (BACK,)))
            return
        flow, node = self.menus[-1]
        self.menus = self.menus[:-1]
        self.flow = self.around.book.get(flow, self.flow)
        self.enter(node)

    def _jump(self, move: Jump) -> None:
        flow = self.around.book.get(move.flow)
        self.effects.append(Left(self.flow_name, self.node, "flow", move.flow, move.why))
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
        name = self.flow.name if self.flow is not None else self.flow_name
        self.effects.append(Connect("fallback", name))
        self.end("fallback", why)

    def end(self, end: str, why: Why) -> None:
        """Nothing more is to be done with this call."""
        self.effects.append(Ended(end, why))
        self.ended, self.deadline, self.away = end, None, None


def _timer(away: int | None, deadline: int | None, limit: int) -> int | None:
    """When something has to happen at the latest: the node's deadline, or the end of the flow's time; never while it is away."""
    if away is not None:
        return None
    return limit if deadline is None else min(deadline, limit)
