"""What a page shows of a flow's text: its faults, its picture, the walk of a caller, the difference of two texts.

The text is untrusted until `lint` has read it; nothing here writes.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance import flow_shelf
from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.moments import to_datetime
from ivr_flows import surroundings
from ivr_flows.around_flow import Known
from ivr_flows.checks import lint
from ivr_flows.findings import ERROR, Finding
from ivr_flows.flow_reading import presses
from ivr_flows.model import Flow, Story
from ivr_flows.picture import svg
from ivr_flows.simulator import Walk, simulate
from ivr_flows.state import Around
from ivr_flows.surroundings import Written


@dataclass(frozen=True, slots=True)
class Looked:
    """A text, looked through."""

    flow: Flow | None
    findings: tuple[Finding, ...]
    known: Known

    @property
    def errors(self) -> int:
        """How many faults forbid publishing."""
        return sum(one.severity == ERROR for one in self.findings)

    def told(self, language: str) -> list[dict[str, Any]]:
        """The faults as `appliance ivr lint --json` prints them."""
        return [one.as_json(language) for one in self.findings]

    def picture(self, path: tuple[str, ...] = ()) -> str:
        """The SVG; "" where the text is no flow."""
        return svg(self.flow, path) if self.flow else ""


@dataclass(frozen=True, slots=True)
class Diff:
    """One line of a difference."""

    kind: str
    """same, old, new or place."""
    text: str


def written(flow: str, text: str) -> Written:
    """A text as the functions of the command line take it."""
    return Written(flow, text.encode("utf-8", "replace"))


def look(box: Box, flow: str, text: str) -> Looked:
    """Lint it among everything that this box knows."""
    given = written(flow, text)
    known = surroundings.known(box, given)
    read, found = lint(given.data, known)
    return Looked(read, tuple(found), known)


def live_text(box: Box, flow: str, revision: str = "") -> str:
    """The text of a revision, or of the live one; "" where there is none. Raises CouldNotError."""
    data = box.folders.data
    wanted = revision or flow_shelf.live_revision(data, flow)
    if not wanted or (revision and revision not in flow_shelf.revisions(data, flow)):
        return ""
    path = flow_shelf.revision_folder(data, flow, wanted) / "flow.yaml"
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotError(f"{path}: cannot be read ({error}); publish the flow again, or roll back") from error


def diff(old: str, new: str) -> list[Diff]:
    """What differs, with three lines around; none where nothing does."""
    kinds = {"+": "new", "-": "old", "@": "place"}
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))[2:]
    return [Diff(kinds.get(line[:1], "same"), line[1:] if line[:1] != "@" else line) for line in lines]


def walked(box: Box, looked: Looked, asked: Mapping[str, str], now: int) -> tuple[Walk, Around]:
    """The walk of this caller (fields at, caller, called, keys, answered). Raises UsageError for a moment that is none."""
    if looked.flow is None:
        raise UsageError("the flow cannot be read; mend its faults first")
    around = surroundings.around(box, looked.flow)
    at = asked.get("at", "").replace("T", " ") or to_datetime(now, box.config.site.zone).strftime("%Y-%m-%d %H:%M")
    outcomes = {} if asked.get("answered", "yes") == "yes" else _nobody(looked.flow)
    switches = {name: "closed" for name in asked.get("night", "").split() if name}
    story = Story(
        at, asked.get("caller", "").strip(), asked.get("called", "").strip(), presses(asked.get("keys", "")), outcomes, {}, switches
    )
    try:
        return simulate(around, looked.flow.name, story, looked.known.lengths), around
    except (ValueError, OverflowError) as error:
        raise UsageError(f'{at}: is no moment; write it like "2027-01-01 10:00"') from error


def _nobody(flow: Flow) -> dict[str, str]:
    """Nobody answers anywhere: of each node that rings, the outcome for it."""
    words = ("no_answer", "timeout")
    return {node.name: word for node in flow.nodes.values() for word in words if word in node.exits}
