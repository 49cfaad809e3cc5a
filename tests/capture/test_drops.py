"""Frames that the kernel dropped are told to the recordings of that time."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from capture import drops
from capture.worker import Worker
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, captured

AT = 100 * SECOND


@pytest.mark.parametrize(("begin", "end", "expected"), [(90, 95, 0), (90, 98, 3), (90, 120, 7), (101, 120, 4), (106, 120, 0)])
def test_drops_belong_to_the_calls_of_their_time_and_interface(tmp_path: Path, begin: int, end: int, expected: int) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.append(drops.dropped(AT, "eth1", 3), drops.dropped(AT + 5 * SECOND, "eth1", 4), drops.dropped(AT, "eth2", 50))
        assert drops.during(ledger.connection, "eth1", begin * SECOND, end * SECOND) == expected


def test_a_recording_says_that_frames_were_dropped_while_it_was_made(tmp_path: Path) -> None:
    calls = [MadeCall(talk=0.2), MadeCall(number=1, talk=0.2, begin=MadeCall().begin + 60 * SECOND)]
    box = captured(tmp_path / "var", *calls)
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(drops.dropped(calls[0].begin + SECOND // 2, "eth1", 12))
        worker = Worker(box, ledger, SystemClock())
        while worker.one():
            pass
    assert [recording.facts.quality.get("kernel_dropped") for recording in all_recordings(box)] == [12, None]
