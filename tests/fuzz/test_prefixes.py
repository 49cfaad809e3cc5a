"""Every public capture, cut behind every packet: no exception, and every call that was seen by then ends as a recording to be made or with
its reason, under the id that the whole capture gives it.

A forked copy of the process ends the capture at each packet, so that the engine itself goes on and the work stays linear. One more
packet of a known stream, or of something else, changes no end: of these every 40th is tried, and each one where APPLIANCE_FUZZ_LONG is
set (`make fuzz`).
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config import Config
from appliance.moments import SECOND
from appliance.records import CallRinging
from capture.dialog import LINGER
from capture.engine import Engine
from capture.pcapfile import frames
from capture.recorder import Recorder
from tests import needs
from tests.fakes.memory import MemoryPen, MemoryReel

pytestmark = needs.shared

LONG = bool(os.environ.get("APPLIANCE_FUZZ_LONG"))
CAPTURES = sorted(needs.PCAPS.glob("*.pcap*")) if needs.PCAPS.is_dir() else []


class Box:
    """An engine with its recorder, fed as `replay` feeds it."""

    def __init__(self) -> None:
        self.pen = MemoryPen()
        self.engine = Engine(Config(), via="prefix")
        self.recorder = Recorder(self.engine, MemoryReel(), self.pen, Config())
        self._now = self._ticked_at = 0

    def feed(self, link: int, frame: bytes, at: int) -> None:
        """One frame."""
        self._now = max(self._now, at)
        self.engine.frame(link, frame, at, self._now)
        self.recorder.perform(self._now)
        if self._now - self._ticked_at >= SECOND:
            self._ticked_at = self._now
            self.recorder.flush(self._now)
            self.engine.tick(self._now)
            self.recorder.perform(self._now)

    def end(self) -> None:
        """The capture ends here."""
        self.recorder.flush(self._now)
        self.engine.tick(self._now + LINGER)
        self.engine.finish()
        self.recorder.perform(self._now)
        self.recorder.report_weirds(self._now)

    @property
    def known(self) -> tuple[int, int, int]:
        """What an end depends on besides counts: SIP messages and records so far, and streams."""
        calls = self.engine.tracker.dialogs
        return self.engine.sip, len(self.pen.records), sum(len(self.engine.media.streams(call)) for call in calls)

    def calls(self) -> list[str]:
        """The calls that were seen so far, in order."""
        return [record.call for record in self.pen.records if isinstance(record, CallRinging)]


def aside(work: Callable[[], object]) -> bool:
    """Whether `work` is done without an exception by a copy of this process, which is gone then."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        work()
    except BaseException:  # noqa: BLE001 - the copy must not go on as a test run
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def whole(capture: Path) -> Box:
    """The whole capture, ended."""
    box = Box()
    for captured in frames(capture):
        box.feed(*captured)
    box.end()
    assert box.pen.unaccounted() == []
    return box


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_a_capture_cut_behind_any_packet_leaves_no_call_unaccounted_for(capture: Path) -> None:
    expected = whole(capture).calls()
    box = Box()

    def end() -> None:
        box.end()
        assert box.pen.unaccounted() == []
        assert box.calls() == expected[: len(box.calls())]

    for number, captured in enumerate(frames(capture), 1):
        known = box.known
        box.feed(*captured)
        if not box.calls():  # there is nothing to end
            assert not box.engine.tracker.dialogs
        elif box.known != known or LONG or not number % 40:
            assert aside(end), f"cut behind packet {number}"
