"""Runs a flow's own tests, and says where what happened is not what was expected. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr_flows.model import Flow, FlowTest
from ivr_flows.simulator import Walk, simulate
from ivr_flows.state import Around


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one test."""

    test: FlowTest
    walk: Walk
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.differences


def run_tests(flow: Flow, around: Around, lengths: Mapping[str, float] | None = None) -> list[Result]:
    """Every test of the flow."""
    found = []
    for test in flow.tests:
        walk = simulate(around, flow.name, test.story, lengths)
        found.append(Result(test, walk, tuple(_differences(test, walk))))
    return found


def _differences(test: FlowTest, walk: Walk) -> Iterator[Difference]:
    if test.path is not None and list(test.path) != walk.path:
        yield Difference("path", " → ".join(test.path), " → ".join(walk.path))
    if test.end is not None and test.end != walk.end:
        yield Difference("end", test.end, walk.end)
    if test.rings is not None and list(test.rings) != walk.rings:
        yield Difference("rings", ", ".join(test.rings) or "-", ", ".join(walk.rings) or "-")
    for words in test.heard:
        if not any(words in one for one in walk.heard):
            yield Difference("heard", words, " / ".join(walk.heard) or "-")
