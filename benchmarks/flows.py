"""How fast flows are checked and walked: processor time of one core, for the office's flow and for a small one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr_flows.around_flow import Known
from ivr_flows.checks import lint
from ivr_flows.flow_reading import presses
from ivr_flows.model import Story
from ivr_flows.simulator import simulate
from ivr_flows.state import Around

CASES = Path(__file__).resolve().parents[1] / "tests" / "flows"
FLOWS = {"small (3 nodes)": CASES / "node-play" / "flow.yaml", "office (22 nodes)": CASES / "office" / "flow.yaml"}
KEYS = {"small (3 nodes)": "", "office (22 nodes)": "1,5"}
SECONDS = 2.0


def lines() -> Iterator[str]:
    """The table."""
    yield "| flow | nodes of the walk | check ms | simulated calls/s |"
    yield "| --- | --- | --- | --- |"
    known = Known(date(2026, 11, 22))
    for name, path in FLOWS.items():
        data = path.read_bytes()
        flow, _ = lint(data, known)
        assert flow is not None
        around = Around({flow.name: flow}, ZoneInfo("Asia/Tokyo"))
        story = Story("2027-01-06 11:00", "", keys=presses(KEYS[name]))
        length = len(simulate(around, flow.name, story).path)
        checks = rate(lambda data=data: lint(data, known))  # type: ignore[misc]
        walks = rate(lambda around=around, flow=flow, story=story: simulate(around, flow.name, story))  # type: ignore[misc]
        yield f"| {name} | {length} | {1000 / checks:.2f} | {walks:,.0f} |"


def rate(work: Callable[[], object]) -> float:
    """Times a second of processor time, the best of five rounds: other work on the machine only ever slows one down."""
    best = 0.0
    for _ in range(5):
        begun, count = time.process_time(), 0
        while time.process_time() - begun < SECONDS / 5:
            work()
            count += 1
        best = max(best, count / (time.process_time() - begun))
    return best
