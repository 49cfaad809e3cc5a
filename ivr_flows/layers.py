"""Where the boxes of a flow's picture stand: in layers from the start downwards, each above where it leads, with few crossings. Pure.

After Sugiyama, Tagawa and Toda (1981): arrows that lead back are put aside, every box goes below all that lead to it, long arrows get a
place in each layer that they pass, the order in a layer follows the middle of the neighbours, and so do the places from left to right.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Arrow = tuple[str, str]
_SWEEPS = 6
_THIN = 0.18
"""How much of a box's width a passing arrow takes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in units of one box: across from 0, and the layer."""

    places: Mapping[str, tuple[float, int]]
    ways: Mapping[Arrow, Sequence[tuple[float, int]]]
    """What a downward arrow passes between its ends, one place a layer."""
    back: frozenset[Arrow]
    """Arrows that lead up again."""


@dataclass(slots=True)
class _Grid:
    """Boxes and bends, layer by layer."""

    layers: list[list[str]] = field(default_factory=list)
    down: dict[str, list[str]] = field(default_factory=dict)
    up: dict[str, list[str]] = field(default_factory=dict)

    def put(self, name: str, layer: int) -> None:
        """One more in this layer."""
        while len(self.layers) <= layer:
            self.layers.append([])
        self.layers[layer].append(name)
        self.down[name], self.up[name] = [], []

    def join(self, upper: str, lower: str) -> None:
        """An arrow between two neighbouring layers."""
        self.down[upper].append(lower)
        self.up[lower].append(upper)


def lay_out(boxes: Sequence[str], arrows: Sequence[Arrow]) -> Layout:
    """The places of these boxes; the first is the start."""
    back = frozenset(_leading_back(boxes, arrows))
    forward = [arrow for arrow in dict.fromkeys(arrows) if arrow not in back]
    depth = _depths(boxes, forward)
    grid = _Grid()
    for name in boxes:
        grid.put(name, depth[name])
    bends = {arrow: _bends(grid, arrow, depth) for arrow in forward}
    for sweep in range(_SWEEPS):
        _order(grid, downwards=sweep % 2 == 0)
    across = _places(grid, {name for way in bends.values() for name in way})
    return Layout(
        {name: (across[name], depth[name]) for name in boxes},
        {arrow: [(across[bend], depth[arrow[0]] + 1 + step) for step, bend in enumerate(way)] for arrow, way in bends.items()},
        back,
    )


def _leading_back(boxes: Sequence[str], arrows: Sequence[Arrow]) -> Iterator[Arrow]:
    """Arrows to a box from which one came (also to itself), found depth first without recursion."""
    leads: dict[str, list[str]] = {name: [] for name in boxes}
    for begin, end in dict.fromkeys(arrows):
        leads[begin].append(end)
    seen: set[str] = set()
    for root in boxes:
        if root in seen:
            continue
        seen.add(root)
        under_way, path = {root}, [(root, iter(leads[root]))]
        while path:
            name, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                under_way.discard(name)
            elif following in under_way:
                yield name, following
            elif following not in seen:
                seen.add(following)
                under_way.add(following)
                path.append((following, iter(leads[following])))


def _depths(boxes: Sequence[str], forward: Sequence[Arrow]) -> dict[str, int]:
    """One more than the deepest of those that lead to it."""
    depth = dict.fromkeys(boxes, 0)
    for _ in boxes:
        moved = False
        for begin, end in forward:
            if depth[end] <= depth[begin]:
                depth[end] = depth[begin] + 1
                moved = True
        if not moved:
            break
    return depth


def _bends(grid: _Grid, arrow: Arrow, depth: Mapping[str, int]) -> list[str]:
    begin, end = arrow
    way = [f"{begin}\n{end}\n{layer}" for layer in range(depth[begin] + 1, depth[end])]
    for layer, name in enumerate(way, depth[begin] + 1):
        grid.put(name, layer)
    for upper, lower in zip([begin, *way], [*way, end], strict=True):
        grid.join(upper, lower)
    return way


def _order(grid: _Grid, *, downwards: bool) -> None:
    """Put each layer in the order of the middle of its neighbours above (or below)."""
    neighbours = grid.up if downwards else grid.down
    layers = grid.layers if downwards else grid.layers[::-1]
    for before, layer in itertools.pairwise(layers):
        rank = {name: place for place, name in enumerate(before)}
        own = {name: float(place) for place, name in enumerate(layer)}
        middle = {name: _mean([rank[one] for one in neighbours[name]], own[name]) for name in layer}
        layer.sort(key=lambda name: (middle[name], own[name]))


def _places(grid: _Grid, bends: set[str]) -> dict[str, float]:
    """Left to right: near the middle of all neighbours, never over one another."""
    across: dict[str, float] = {}
    for layer in grid.layers:
        place = 0.0
        for name in layer:
            across[name] = place
            place += _THIN if name in bends else 1.0
    for _ in range(_SWEEPS):
        for layer in (*grid.layers, *grid.layers[::-1]):
            wanted = [_mean([across[one] for one in (*grid.up[name], *grid.down[name])], across[name]) for name in layer]
            across.update(zip(layer, _apart(wanted, [_gap(a, b, bends) for a, b in itertools.pairwise(layer)]), strict=True))
    least = min(across.values(), default=0.0)
    return {name: place - least for name, place in across.items()}


def _gap(left: str, right: str, bends: set[str]) -> float:
    return sum(_THIN / 2 if name in bends else 0.5 for name in (left, right)) + 0.02


def _apart(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The middle between pushing all to the right and all to the left: both keep the gaps, and so does their middle."""
    right, left = list(wanted), list(wanted)
    for place, gap in enumerate(gaps, 1):
        right[place] = max(right[place], right[place - 1] + gap)
    for place in range(len(gaps) - 1, -1, -1):
        left[place] = min(left[place], left[place + 1] - gaps[place])
    return [(one + other) / 2 for one, other in zip(right, left, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
