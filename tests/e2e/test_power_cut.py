"""What a power cut costs: nothing that was finished, and less than one second of a call in progress. On a disk that really forgets
what was not flushed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.lookup import recordings
from appliance.shelf import sha256_of
from tests import needs
from tests.bed import volatile
from tests.bed.cuts import cut, end_all, marked
from tests.bed.house import House, wait_for
from tests.bed.lan import Lan
from tests.bed.sipp import Call
from tests.e2e.talk import CALLER, held

SAMPLES = Path(__file__).parents[2] / "appliance" / "demo" / "samples"
disk_possible = pytest.mark.skipif(bool(volatile.possible()), reason=volatile.possible() or "-")
pytestmark = [disk_possible, needs.program("nbdkit", "nbdfuse", "mkfs.ext4", "losetup", "fusermount3")]


@needs.namespaces()
@needs.program("sipp", "espeak-ng", "sox", "ethtool")
def test_less_than_a_second_of_a_call_in_progress_is_missing(tmp_path: Path) -> None:
    talk, _ = held()
    with Lan() as lan, volatile.VolatileDisk(tmp_path) as disk:
        house = House(disk.root / "var", lan.names["box"])
        house.start()
        with Call(lan, talk):
            wait_for("the answer", lambda: any(found.answered_at for found in house.calls()))
            time.sleep(4.0)
            cut_at = time.time_ns()
            disk.cut()
            house.power_off()
        disk.power_off()
        disk.power_on()
        house.start()
        try:
            row, recording = house.stored(CALLER)
        finally:
            house.stop()
        assert row.answered_at is not None
        assert recording.facts.cut
        missing = (cut_at - row.answered_at) / 1e9 - recording.facts.seconds
        assert missing <= 1.0, f"{missing:.2f} s are missing"


@pytest.mark.parametrize("moment", [0.4, 0.6, 0.8, 1.0, 1.2, 1.5])
def test_no_finished_recording_is_lost_and_no_row_is_without_its_file(tmp_path: Path, moment: float) -> None:
    with volatile.VolatileDisk(tmp_path) as disk:
        data = disk.root / "var"
        command = [sys.executable, "-m", "appliance", "replay", "--data", str(data), str(SAMPLES / "outbound" / "capture.pcap")]
        working = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(moment)
        said_done = working.poll() == 0
        disk.cut()
        working.send_signal(signal.SIGKILL)
        working.wait()
        disk.power_off()
        disk.power_on()
        box = Box.at(data)
        kept = consistent(box)
        assert kept or not said_done
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        assert consistent(box) == 1
        assert not list(box.folders.recordings.rglob("*.part"))
        subprocess.run([*command[:3], "verify", "--all", "--data", str(data)], check=True)


@needs.namespaces()
@needs.program("ethtool")
def test_cut_at_random_moments_from_the_call_to_the_eviction_nothing_that_was_shown_is_lost(tmp_path: Path) -> None:
    """A sample of `make soak`, which cuts 200 times."""
    losses = cut(tmp_path, 5, seed=5)
    assert losses.problems == []
    assert losses.cuts == 5 and losses.at_start and losses.recordings and losses.in_progress


def consistent(box: Box) -> int:
    """Assert that every row has its file, whole; returns how many recordings there are."""
    if not box.folders.ledger.exists():
        return 0
    with Ledger.open(box.folders.ledger) as ledger:
        found = list(recordings(ledger.connection))
    for recording in found:
        assert sha256_of(box.folders.recordings / recording.facts.file) == recording.facts.sealed_sha256
        assert (box.folders.recordings / recording.facts.manifest).stat().st_size > 0
    return len(found)


def test_whoever_was_started_in_a_life_ends_with_it_in_whatever_session(tmp_path: Path) -> None:
    mark = f"APPLIANCE_BED_OF={tmp_path}"
    command = "import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(300)'])"
    environment = {"APPLIANCE_BED_OF": str(tmp_path)}
    started = subprocess.Popen([sys.executable, "-c", f"{command}; time.sleep(300)"], env=environment)
    wait_for("the one that left its session", lambda: len(marked(mark)) == 2)
    assert started.pid in end_all(mark)
    started.wait()
    assert marked(mark) == []
