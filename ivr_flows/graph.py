"""The ways through a flow, and what is wrong with them: nodes nobody reaches, loops without end, places without a way out. Pure.

A loop is told by what keeps it going. Where nobody presses or waits, the engine would spin (`busy-loop`); where only silence does, a caller
who put the phone down on the desk goes round until a limit ends it (`endless-return`). Ringing breaks both: somebody may answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr_flows.findings import Notes
from ivr_flows.model import BACK, HANGUP, REPEAT, Exit, Flow, Node, Way

Edges = Mapping[str, tuple[str, ...]]
_ENDLESS = frozenset({Way.PASSES, Way.SILENCE})


def check_ways(flow: Flow, notes: Notes, book: Mapping[str, Flow]) -> None:
    """Every fault of the graph; `book` are the other flows, into which this one may lead."""
    for node in flow.nodes.values():
        for exit_ in node.exits.values():
            _target(flow, node, exit_, notes)
    everything = {name: tuple(_leads(flow, node)) for name, node in flow.nodes.items()}
    reached = _reached(everything, [flow.start])
    for name, node in flow.nodes.items():
        if name not in reached:
            notes.add("unreachable-node", node.place, node=name)
    _dead_ends(flow, everything, reached, notes)
    busy = {name: tuple(_leads(flow, node, frozenset({Way.PASSES}))) for name, node in flow.nodes.items()}
    endless = {name: tuple(_leads(flow, node, _ENDLESS)) for name, node in flow.nodes.items()}
    told: set[str] = set()
    for code, edges in (("busy-loop", busy), ("endless-return", endless)):
        for loop in _loops(edges):
            if not told & set(loop):
                told |= set(loop)
                first = min(loop, key=lambda name: flow.nodes[name].place)
                notes.add(code, flow.nodes[first].place, nodes=" → ".join([*_from(loop, first), first]))
    if not told:
        _loops_over_flows(flow, book, notes)


def _loops_over_flows(flow: Flow, book: Mapping[str, Flow], notes: Notes) -> None:
    """Flows that send a call to one another while nobody presses, as far as this flow has a part in it."""
    flows = {**book, flow.name: flow}
    for code, ways in (("busy-loop", frozenset({Way.PASSES})), ("endless-return", _ENDLESS)):
        edges = {
            f"{one.name}/{name}": (*(f"{one.name}/{target}" for target in _leads(one, node, ways)), *_into(node, flows))
            for one in flows.values()
            for name, node in one.nodes.items()
        }
        for loop in _loops(edges):
            doors = [
                name for name in loop if name.startswith(f"{flow.name}/") and flow.nodes[name.partition("/")[2]].type == "goto_flow"
            ]
            if doors:
                place = flow.nodes[doors[0].partition("/")[2]].place
                notes.add(code, place, nodes=" → ".join([*_from(loop, doors[0]), doors[0]]))
                return


def _into(node: Node, flows: Mapping[str, Flow]) -> Iterator[str]:
    """The node of another flow to which this one leads."""
    other = flows.get(node.options.flow) if node.type == "goto_flow" and node.options is not None else None
    target = (node.options.node or other.start) if other is not None else ""
    if other is not None and target in other.nodes:
        yield f"{other.name}/{target}"


def _target(flow: Flow, node: Node, exit_: Exit, notes: Notes) -> None:
    target = exit_.target
    if target is None or target in flow.nodes or target == HANGUP:
        return
    if target in (REPEAT, BACK) and node.type == "menu" and len(exit_.outcome) == 1:
        return
    known = ", ".join([*flow.nodes, HANGUP])
    notes.add("unknown-target", exit_.place, node=node.name, outcome=exit_.outcome, name=target, known=known)


def _leads(flow: Flow, node: Node, ways: frozenset[Way] | None = None) -> Iterator[str]:
    """The nodes that come next; by these ways only, where some are named."""
    for exit_ in node.exits.values():
        if exit_.target in flow.nodes and (ways is None or exit_.way in ways):
            yield str(exit_.target)
    if node.type == "goto_flow" and node.options is not None and node.options.flow == flow.name:
        target = node.options.node or flow.start
        if target in flow.nodes:
            yield target


def _reached(edges: Edges, begin: list[str]) -> set[str]:
    seen: set[str] = set()
    left = [name for name in begin if name in edges]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += edges[name]
    return seen


def _dead_ends(flow: Flow, edges: Edges, reached: set[str], notes: Notes) -> None:
    """Nodes from which no call ever ends; only the first of each heap is told."""
    backwards: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            backwards[target].append(name)
    ends = [name for name, node in flow.nodes.items() if _may_end(flow, node)]
    alive = _reached({name: tuple(found) for name, found in backwards.items()}, ends)
    dead = [name for name in flow.nodes if name in reached and name not in alive]
    if dead:
        notes.add("no-way-out", flow.nodes[dead[0]].place, node=dead[0])


def _may_end(flow: Flow, node: Node) -> bool:
    if node.options is None or any(exit_.target is None for exit_ in node.exits.values()):
        return True  # another finding says what is wrong with it
    if any(exit_.target not in flow.nodes and exit_.target not in (REPEAT, BACK) for exit_ in node.exits.values()):
        return True
    if node.type == "goto_flow":
        return bool(node.options.flow != flow.name)
    return node.ends and not (node.type in ("voicemail", "conference") and "next" in node.exits)


def _loops(edges: Edges) -> Iterator[list[str]]:
    """One loop for each heap of nodes that reach one another (Tarjan's components, without recursion)."""
    for heap in _components(edges):
        inside = set(heap)
        first = heap[0]
        if len(heap) == 1 and first not in edges[first]:
            continue
        yield _round(edges, inside, first)


def _round(edges: Edges, inside: set[str], first: str) -> list[str]:
    """The shortest way from a node back to itself."""
    came: dict[str, str] = {}
    left = [first]
    while left:
        name = left.pop(0)
        for target in edges[name]:
            if target == first:
                way = [name]
                while way[-1] != first:
                    way.append(came[way[-1]])
                return way[::-1]
            if target in inside and target not in came:
                came[target] = name
                left.append(target)
    return [first]


def _components(edges: Edges) -> Iterator[list[str]]:
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in edges:
        work: list[tuple[str, Iterator[str]]] = [(root, iter(edges[root]))] if root not in number else []
        while work:
            name, targets = work[-1]
            if name not in number:
                number[name] = low[name] = len(number)
                stack.append(name)
                on_stack.add(name)
            for target in targets:
                if target not in number:
                    work.append((target, iter(edges[target])))
                    break
                if target in on_stack:
                    low[name] = min(low[name], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    heap = stack[stack.index(name) :]
                    del stack[stack.index(name) :]
                    on_stack -= set(heap)
                    yield heap


def _from(loop: list[str], first: str) -> list[str]:
    at = loop.index(first)
    return loop[at:] + loop[:at]
