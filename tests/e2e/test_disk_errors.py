"""Disks that report errors: what could not be made durable does not count, is said, and is done again when the disk is well. F6, F34."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.lookup import recordings
from appliance.moments import SECOND
from appliance.shelf import sha256_of
from tests.bed import fiu
from tests.bed.made import MadeCall, together, write_pcap
from tests.bed.program import COMMAND, appliance
from tests.bed.recorded import all_recordings, recorded
from tests.bed.unpacked import UnavailableError
from tests.fakes.clock import START

SYNCS = ("posix/io/sync/fsync", "posix/io/sync/fdatasync")
CALLS = [MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in range(4)]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box that has recorded a call already."""
    return recorded(tmp_path / "var", CALLS[0])


def ailing(*words: str | Path, box: Box, chance: float = 1.0) -> subprocess.CompletedProcess[str]:
    """A command while the disk refuses to make durable what it was given."""
    try:
        environment = fiu.failing(*SYNCS, chance=chance)
    except UnavailableError as error:
        pytest.skip(str(error))
    command = [*COMMAND, *map(str, words), "--data", str(box.folders.data)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def whole(box: Box) -> int:
    """Assert that every row has its file, whole; returns how many there are."""
    found = all_recordings(box)
    for recording in found:
        assert sha256_of(box.folders.recordings / recording.facts.file) == recording.facts.sealed_sha256
    return len(found)


def stored(box: Box) -> int:
    with Ledger.open(box.folders.ledger) as ledger:
        return sum(recording.stored_at is not None for recording in recordings(ledger.connection))


def test_f06_a_recording_that_could_not_be_synced_is_none_and_is_made_again(box: Box, tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "more.pcap", together(*CALLS[1:]))
    said = ailing("replay", capture, box=box)
    assert said.returncode == 4 and said.stderr.startswith("appliance: ") and "Traceback" not in said.stderr
    assert whole(box) == 1
    appliance("replay", "--data", box.folders.data, capture)
    assert whole(box) == len(CALLS)
    appliance("verify", "--all", "--data", box.folders.data)


@pytest.mark.parametrize("number", range(6))
def test_f06_errors_at_any_sync_leave_no_row_without_its_file(box: Box, tmp_path: Path, number: int) -> None:
    capture = write_pcap(tmp_path / "more.pcap", together(*CALLS[1:]))
    said = ailing("replay", capture, box=box, chance=0.02 * (number + 1))
    assert said.returncode in (0, 4), said.stderr
    assert "Traceback" not in said.stderr
    assert whole(box) == len(CALLS) or said.returncode == 4
    appliance("replay", "--data", box.folders.data, capture)
    assert whole(box) == len(CALLS)
    appliance("verify", "--all", "--data", box.folders.data)


def test_f06_a_store_whose_disk_reports_errors_has_stored_nothing(box: Box) -> None:
    said = ailing("uploader", "run", "--once", box=box)
    assert said.returncode == 4 and "Traceback" not in said.stderr, said.stderr
    assert stored(box) == 0
    assert not [path for path in box.folders.store.rglob("*.age") if not path.name.startswith(".")]
    appliance("uploader", "run", "--once", "--data", box.folders.data)
    assert stored(box) == 1


@pytest.mark.parametrize("away", [False, True], ids=["all is well", "with much to say"])
def test_f34_where_the_log_is_full_sending_goes_on(box: Box, away: bool) -> None:
    if away:  # a recording that is damaged is parked, with a warning
        recorded(box.folders.data, CALLS[1])
        path = box.folders.recordings / all_recordings(box)[0].facts.file
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, "uploader", "run", "--once", "--data", str(box.folders.data)]
        code = subprocess.run(command, stdout=full, stderr=full, timeout=120).returncode
    assert stored(box) == 1
    assert code == (4 if away else 0)
