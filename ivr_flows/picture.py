"""A flow as an SVG for the console: one box a node that leads to its line, one arrow a way, and the path of a simulated call. Pure.

What every outcome leads to stands in it: the ends, repetitions and returns as words in the box itself, so that the arrows show where
callers go on. Colours are the console's style sheet's; `STYLE` gives the file of `appliance ivr diagram -o X.svg` colours of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from html import escape

from ivr_flows.layers import Layout, lay_out
from ivr_flows.model import BACK, HANGUP, REPEAT, Flow, Node

WIDE, HIGH, BETWEEN, BELOW, EDGE = 196, 78, 26, 62, 18
_LETTERS, _LABEL = 27, 22
"""Widths in half-width letters."""
_SIGNS = {HANGUP: "×", REPEAT: "↻", BACK: "↰"}
_KINDS = {
    "calendar": "asks", "if": "asks", "menu": "keys", "collect": "keys", "extension": "rings", "ring_group": "rings", "queue": "rings",
    "conference": "rings", "voicemail": "takes", "record": "takes", "callback": "takes", "http": "looks", "hangup": "ends",
}  # fmt: skip
_LANES = 14
STYLE = """
svg { font: 13px "Noto Sans CJK JP", "Noto Sans JP", sans-serif; background: #fff; } text { fill: #1a1f25; }
.node rect { fill: #fff; stroke: #9aa5b1; } .node .name { font-weight: bold; } .node .more, .way text { fill: #56606b; font-size: 11.5px; }
.asks rect { fill: #fdf3d0; } .keys rect { fill: #dbe9fb; } .rings rect { fill: #d9f2df; }
.takes rect { fill: #e9e1f7; } .looks rect { fill: #fbe3d6; } .ends rect { fill: #e6e6e6; }
.way path { fill: none; stroke: #7b8794; stroke-width: 1.4; } .way.back path { stroke-dasharray: 4 4; } .way path.tip { fill: #7b8794; }
.way text { paint-order: stroke; stroke: #fff; stroke-width: 4px; }
"""


def svg(flow: Flow, path: Sequence[str] = (), style: str = "") -> str:
    """The picture; the nodes of `path`, and the ways between them, are marked `on`."""
    ways = _ways(flow)
    boxes = ([flow.start] if flow.start in flow.nodes else []) + [name for name in flow.nodes if name != flow.start]
    layout = lay_out(boxes, list(ways))
    return "\n".join(_drawn(flow, layout, ways, path, style)) + "\n"


def _drawn(flow: Flow, layout: Layout, ways: dict[tuple[str, str], list[str]], path: Sequence[str], style: str) -> Iterator[str]:
    lanes = {arrow: lane for lane, arrow in enumerate(arrow for arrow in ways if arrow in layout.back)}
    columns = max((across for across, _ in layout.places.values()), default=0.0)
    bends = max((across for way in layout.ways.values() for across, _ in way), default=0.0)
    wide = round(max(columns, bends) * (WIDE + BETWEEN) + WIDE + 2 * EDGE + len(lanes) * _LANES)
    high = max((layer for _, layer in layout.places.values()), default=0) * (HIGH + BELOW) + HIGH + 2 * EDGE
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flowchart" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'role="group" aria-label="{_plain(flow.title or flow.name)}">'
    )
    if style:
        yield f"<style>{style}</style>"
    on = set(itertools.pairwise(path))
    for arrow, labels in ways.items():
        drawn = _upwards(layout, arrow, wide, lanes[arrow]) if arrow in lanes else _downwards(layout, arrow)
        yield from _way(arrow, labels, *drawn, on=arrow in on, back=arrow in lanes)
    for name, place in layout.places.items():
        yield from _box(flow, flow.nodes[name], *_corner(*place), on=name in path)
    yield "</svg>"


def _ways(flow: Flow) -> dict[tuple[str, str], list[str]]:
    """What leads from node to node, with the outcomes that do."""
    found: dict[tuple[str, str], list[str]] = {}
    for node in flow.nodes.values():
        for exit_ in node.exits.values():
            if exit_.target in flow.nodes:
                label = f"{exit_.outcome} {exit_.label}".strip()
                found.setdefault((node.name, str(exit_.target)), []).append("" if label == "next" else label)
    return found


def _corner(across: float, layer: int) -> tuple[float, float]:
    return EDGE + across * (WIDE + BETWEEN), EDGE + layer * (HIGH + BELOW)


def _downwards(layout: Layout, arrow: tuple[str, str]) -> tuple[str, tuple[float, float]]:
    """The line from box to box through its bends, and where its words stand."""
    begin, end = (_corner(*layout.places[name]) for name in arrow)
    middle = WIDE / 2
    points = [(begin[0] + middle + _lean(begin[0], end[0]), begin[1] + HIGH)]
    for place in layout.ways[arrow]:
        x, y = _corner(*place)
        points += [(x + middle, y - 4), (x + middle, y + HIGH + 4)]
    points.append((end[0] + middle - _lean(begin[0], end[0]), end[1] - 5))
    line = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        half = (y2 - y1) / 2
        line += f"C{x1:.0f} {y1 + half:.0f} {x2:.0f} {y2 - half:.0f} {x2:.0f} {y2:.0f}"
    (x1, y1), (x2, y2) = points[0], points[1]
    return line, (x1 + (x2 - x1) * 0.5, y1 + (y2 - y1) * 0.5 + 4)


def _lean(begin: float, end: float) -> float:
    """Arrows leave and arrive at the side to which they go."""
    return max(-WIDE * 0.3, min(WIDE * 0.3, (end - begin) * 0.12))


def _upwards(layout: Layout, arrow: tuple[str, str], wide: float, lane: int) -> tuple[str, tuple[float, float]]:
    """Around the right edge, each in a lane of its own."""
    begin, end = (_corner(*layout.places[name]) for name in arrow)
    x1, y1, x2, y2 = begin[0] + WIDE, begin[1] + HIGH * 0.6, end[0] + WIDE + 5, end[1] + HIGH * 0.4
    far = wide - 6 - lane * _LANES
    line = f"M{x1:.0f} {y1:.0f}C{far:.0f} {y1:.0f} {far:.0f} {y1:.0f} {far:.0f} {(y1 + y2) / 2:.0f}"
    return line + f"C{far:.0f} {y2:.0f} {far:.0f} {y2:.0f} {x2:.0f} {y2:.0f}", (min(x1 + 34, far), y1 - 5)


def _way(
    arrow: tuple[str, str], labels: list[str], line: str, words: tuple[float, float], *, on: bool, back: bool
) -> Iterator[str]:
    kind = f"way{' back' if back else ''}{' on' if on else ''}"
    told = " / ".join(label for label in labels if label)
    yield f'<g class="{kind}" data-from="{_plain(arrow[0])}" data-to="{_plain(arrow[1])}"><path d="{line}"/>'
    x, y = (float(word) for word in line.replace("C", " ").split()[-2:])
    tip = f"M{x:.0f} {y:.0f}l7 -5v10z" if back else f"M{x:.0f} {y + 5:.0f}l-5 -8h10z"
    yield f'<path class="tip" d="{tip}"/>'
    if told:
        shown = _cut(told, _LABEL)
        yield f'<text x="{words[0]:.0f}" y="{words[1]:.0f}" text-anchor="middle">{_plain(shown)}<title>{_plain(told)}</title></text>'
    yield "</g>"


def _box(flow: Flow, node: Node, x: float, y: float, *, on: bool) -> Iterator[str]:
    kind = f"node {_KINDS.get(node.type, 'says')}{' start' if node.name == flow.start else ''}{' on' if on else ''}"
    yield (
        f'<a class="{kind}" href="#line-{node.place.line}" data-node="{_plain(node.name)}" data-line="{node.place.line}">'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDE}" height="{HIGH}" rx="10"/>'
    )
    for place, (style, line) in enumerate(_lines(node)):
        yield f'<text class="{style}" x="{x + 12:.0f}" y="{y + 21 + place * 17:.0f}">{_plain(_cut(line, _LETTERS))}</text>'
    yield "</a>"


def _lines(node: Node) -> list[tuple[str, str]]:
    """Name and type, what it uses, what it says, and the outcomes that lead to no other node."""
    uses = ", ".join(use.name for use in node.uses if use.kind not in ("prompt",))
    words = "".join(str(part) for part in node.prompts[0][0].parts if not hasattr(part, "name")) if node.prompts else ""
    ends = [f"{_SIGNS[exit_.target]} {exit_.outcome}" for exit_ in node.exits.values() if exit_.target in _SIGNS]
    told = [("more", f"{node.type}{f': {uses}' if uses else ''}"), ("more", words), ("more", "  ".join(ends))]
    return [("name", node.name), *((style, line) for style, line in told if line)]


def _cut(text: str, most: int) -> str:
    """At most so many half-width letters; one of Japanese counts for two."""
    width = 0
    for place, letter in enumerate(text):
        width += 2 if ord(letter) > 0x2E7F else 1
        if width > most:
            return f"{text[: max(1, place - 1)]}…"
    return text


def _plain(text: str) -> str:
    return escape("".join(letter for letter in text if letter.isprintable()))
