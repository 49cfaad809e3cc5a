"""The published flows as calls meet them: a snapshot that never changes, and another one for later calls when somebody publishes.

A call keeps the snapshot that it began with, so a revision that goes live in the middle of it changes nothing for it. A flow whose new
revision cannot be read stays as it was, and it is said.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance import flow_shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.logs import Trouble
from ivr_flows.flow_reading import read_flow
from ivr_flows.holidays import Holidays
from ivr_flows.model import Flow
from ivr_flows.said import Heard
from ivr_flows.state import Around
from ivr_flows.surroundings import table

SOUNDS = (".wav", ".wav16")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every live flow at one moment."""

    around: Around
    revisions: Mapping[str, str] = field(default_factory=dict)

    @property
    def switches(self) -> tuple[str, ...]:
        """The day/night switches that its calendars heed."""
        calendars = [one for flow in self.around.book.values() for one in flow.calendars.values()]
        return tuple(sorted({one.switch for one in calendars if one.switch}))


class Book:
    """Reads flows when their pointers move."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._marks: dict[str, tuple[int, int]] | None = None
        self._trouble = Trouble(log, SystemClock().monotonic)
        self._now = Snapshot(Around({}, box.config.site.zone))

    def now(self) -> Snapshot:
        """The flows that a call meets that begins now."""
        marks = self._pointers()
        if marks != self._marks:
            self._now, self._marks = self._read(), marks
        return self._now

    def sound(self, snapshot: Snapshot, flow: str, heard: Heard) -> Path | None:
        """The file (without its ending, as Asterisk wants it) of something said in this flow; None where it is missing."""
        path = flow_shelf.prompt_file(self._box.folders.data, flow, snapshot.revisions.get(flow, ""), heard.key)
        return path if any(path.with_name(path.name + ending).exists() for ending in SOUNDS) else None

    def _pointers(self) -> dict[str, tuple[int, int]]:
        marks = {}
        for name in flow_shelf.flows(self._box.folders.data):
            try:
                found = (flow_shelf.folder(self._box.folders.data, name) / "live").stat()
            except OSError:
                continue
            marks[name] = (found.st_mtime_ns, found.st_ino)
        return marks

    def _read(self) -> Snapshot:
        data, before = self._box.folders.data, self._now
        book: dict[str, Flow] = {}
        revisions: dict[str, str] = {}
        published = flow_shelf.live(data)
        for name in flow_shelf.flows(data):
            flow = self._flow(published[name]) if name in published else None
            if flow is not None:
                book[name], revisions[name] = flow, published[name].revision
            elif name in before.around.book:
                book[name], revisions[name] = before.around.book[name], before.revisions[name]
        for sentence in flow_shelf.damaged(data):
            self._trouble.happened(sentence)
        return Snapshot(Around(book, self._box.config.site.zone, self._holidays()), revisions)

    def _flow(self, published: flow_shelf.Published) -> Flow | None:
        try:
            flow, _ = read_flow(flow_shelf.file_of(self._box.folders.data, published).read_bytes())
        except OSError as error:
            flow = None
            self._trouble.happened(f"flow {published.flow}, revision {published.revision}: cannot be read ({error})")
        return flow

    def _holidays(self) -> Holidays:
        try:
            return table(self._box)
        except CouldNotError as error:
            self._trouble.happened(str(error))
            return self._now.around.holidays
