"""The machine's own troubles are told with the part that has them, and a healthy machine is silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance import hardware as facts
from appliance.box import Box
from appliance.hardware import Disk, Hardware
from appliance.health.checks import Context, Severity, hardware
from appliance.ledger import Ledger
from tests.fakes.clock import START

WELL = Hardware(
    at=START, disks=(Disk(name="sda", healthy=True, reallocated=0, pending=0, worn_percent=12),), synchronised=True, offset_s=0.001,
    temperatures={"cpu": 61.0}, hottest_allowed={"cpu": 100.0}, file_system_errors={"sda2": 0},
)  # fmt: skip
HEAT = {"hottest_allowed": {"cpu": 80.0}}


def found(box: Box, ledger: Ledger, machine: Hardware | None) -> list[tuple[Severity, str]]:
    if machine is not None:
        facts.write(box.folders, machine)
    return [(one.severity, str(one.what)) for one in hardware.check(Context(box, ledger, START))]


@pytest.mark.parametrize("machine", [None, WELL])
def test_a_machine_that_is_well_or_was_never_looked_at_is_silent(box: Box, ledger: Ledger, machine: Hardware | None) -> None:
    assert found(box, ledger, machine) == []


@pytest.mark.parametrize(
    ("changes", "severity", "words"),
    [
        ({"at": START - hardware.STALE - 1}, Severity.WARNING, "Nobody has looked"),
        ({"disks": (Disk(name="sda", healthy=False, reallocated=9),)}, Severity.ERROR, "sda says of itself that it fails"),
        ({"disks": (Disk(name="sda", healthy=True, pending=2, reallocated=1),)}, Severity.WARNING, "sda has 3 bad places"),
        ({"disks": (Disk(name="nvme0n1", healthy=None, worn_percent=90),)}, Severity.WARNING, "worn to 90 %"),
        ({"synchronised": False, "offset_s": 99.0}, Severity.WARNING, "follows no time server"),
        ({"offset_s": -3.2}, Severity.WARNING, "3 seconds off"),
        ({"temperatures": {"cpu": 75.0}, **HEAT}, Severity.WARNING, "cpu is at 75 °C (limit 80 °C)"),
        ({"temperatures": {"cpu": 80.0}, **HEAT}, Severity.ERROR, "cpu is at 80 °C"),
        ({"file_system_errors": {"sda2": 3}}, Severity.ERROR, "3 errors on the file system of sda2"),
    ],
)
def test_each_trouble_is_told_alone(box: Box, ledger: Ledger, changes: dict[str, Any], severity: Severity, words: str) -> None:
    ((told, what),) = found(box, ledger, replace(WELL, **changes))
    assert told is severity and words in what


@pytest.mark.parametrize("changes", [{"synchronised": None, "offset_s": None}, {"temperatures": {"cpu": 74.9}, **HEAT}])
def test_what_is_not_known_or_not_yet_hot_is_no_trouble(box: Box, ledger: Ledger, changes: dict[str, Any]) -> None:
    assert found(box, ledger, replace(WELL, **changes)) == []
