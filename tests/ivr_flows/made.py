"""Flows for tests: a whole one, and small ones made of the nodes that a test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr_flows.around_flow import Known
from ivr_flows.checks import lint
from ivr_flows.effects import Effect
from ivr_flows.engine import step
from ivr_flows.findings import Finding
from ivr_flows.flow_reading import read_flow
from ivr_flows.inputs import Input, Started
from ivr_flows.model import Flow, Story
from ivr_flows.simulator import Walk, simulate
from ivr_flows.state import Around, State

TOKYO = ZoneInfo("Asia/Tokyo")
CASES = Path(__file__).resolve().parents[1] / "flows"
WHOLE = CASES / "office" / "flow.yaml"
KNOWN = Known(date(2026, 11, 22))
NOON = 1_799_200_800_000_000_000
"""2027-01-06 11:00 in Tokyo, a Wednesday."""
OFFICE = 'office: {open: {mon-fri: "09:00-18:00"}, closed_dates: [jp-holidays, "12-29..01-03"]}'
TAIL = """
  there: {type: ring_group, group: front, no_answer: end, busy: end}
  end: {type: hangup}
"""


def text(nodes: str, head: str = "") -> bytes:
    """A flow file around these nodes (YAML, indented by two), with `there` (rings) and `end` (hangs up) behind them."""
    return f"flow: made\nfallback: group:front\ncalendars:\n  {OFFICE}\n{head}\nnodes:\n{nodes}{TAIL}".encode()


def read(data: bytes) -> Flow:
    """The flow, whatever is wrong with it."""
    flow, found = read_flow(data)
    assert flow is not None, found
    return flow


def made(nodes: str, head: str = "") -> Flow:
    """A flow of these nodes."""
    return read(text(nodes, head))


def whole() -> Flow:
    """The office's flow, with every type of node."""
    return read(WHOLE.read_bytes())


def around(*flows: Flow, switches: dict[str, str] | None = None) -> Around:
    """These flows, in Tokyo."""
    return Around({flow.name: flow for flow in flows}, TOKYO, switches=switches or {})


def codes(data: bytes, known: Known = KNOWN) -> list[str]:
    """What lint finds, apart from things of the box, of which nothing is known here."""
    return [one.code for one in findings(data, known)]


def findings(data: bytes, known: Known = KNOWN) -> list[Finding]:
    """What lint finds, apart from things of the box."""
    _, found = lint(data, known)
    return [one for one in found if not one.lowered]


def walk(flow: Flow, at: str = "2027-01-06 11:00", keys: str = "", caller: str = "0312345678", story: Story | None = None) -> Walk:
    """What becomes of a call."""
    given = story or Story(at)
    given = replace(given, at=at, caller=caller, keys=tuple(keys.split(",")) if keys else ())
    return simulate(around(flow), flow.name, given)


class Talk:
    """One call, fed by hand."""

    def __init__(self, flow: Flow, *others: Flow, now: int = NOON, switches: dict[str, str] | None = None) -> None:
        self.around = around(flow, *others, switches=switches)
        self.now = now
        self.state = State(flow=flow.name)

    def begin(self, caller: str = "0312345678", reason: str = "") -> tuple[Effect, ...]:
        """The call comes in."""
        return self.give(Started(caller, "0312340000", reason))

    def give(self, given: Input, after: float = 0.0) -> tuple[Effect, ...]:
        """Something happens to it, so many seconds later."""
        self.now += round(after * 1_000_000_000)
        self.state, effects = step(self.around, self.state, given, self.now)
        return effects
