"""A capture file on the spool: every call's speech and every fact, in few transactions, with nothing that renders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.records import CallEnded, CallRinging, SegmentClosed
from capture.intake import record
from tests.bed.made import MadeCall, together, write_pcap
from tests.fakes.clock import START
from tests.fakes.spool import StubbornReel

CALLS = [MadeCall(number=number, begin=START + number * 10_000_000, talk=0.3) for number in range(12)]


def test_every_call_is_on_the_spool_and_in_the_ledger_after_few_syncs(box: Box, ledger: Ledger, tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "calls.pcap", together(*CALLS))
    reel = StubbornReel(box.folders.spool, "replay-x")
    found = record(box, file, reel, ledger, SystemClock())
    reel.close()
    rows = [row.record for row in ledger.since(0, (CallRinging, CallEnded, SegmentClosed))]
    closed = [row for row in rows if isinstance(row, SegmentClosed)]
    assert len(found.calls) == len(CALLS) == sum(isinstance(row, CallRinging) for row in rows)
    assert {row.call for row in rows if isinstance(row, CallEnded)} == set(found.calls)
    assert sorted(row.packets for row in closed) == sorted(call.packets for call in CALLS for _ in range(2))
    assert all((box.folders.spool / row.file).stat().st_size > row.packets * 172 for row in closed)
    assert reel.syncs <= 2, "one for all the ends, one for the end of it all"


def test_nothing_that_renders_is_started_with_it() -> None:
    program = "import sys, capture.intake; print(*{'numpy', 'av', 'soundfile', 'capture.render'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
