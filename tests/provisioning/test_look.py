"""What disks, sensors and the kernel tell is read as it is; what a machine does not have is not made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.hardware import Disk
from provisioning import look

ATA = {
    "smart_status": {"passed": True},
    "ata_smart_attributes": {
        "table": [{"id": 5, "raw": {"value": 8}}, {"id": 9, "raw": {"value": 1}}, {"id": 197, "raw": {"value": 2}}]
    },
}
NVME = {"smart_status": {"passed": False}, "nvme_smart_health_information_log": {"percentage_used": 93, "temperature": 51}}


def sensor(system: Path, chip: str, name: str, place: int, **values: str) -> None:
    folder = system / "class" / "hwmon" / chip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(name + "\n")
    for ending, value in values.items():
        (folder / f"temp{place}_{ending}").write_text(value + "\n")


@pytest.mark.parametrize(
    ("told", "disk"),
    [
        (ATA, Disk(name="sda", healthy=True, reallocated=8, pending=2)),
        (NVME, Disk(name="sda", healthy=False, worn_percent=93)),
        ({}, Disk(name="sda", healthy=None)),
        ({"smart_status": {"passed": "odd"}}, Disk(name="sda", healthy=None)),
    ],
)
def test_a_disk_is_told_of_as_it_tells(told: dict[str, Any], disk: Disk) -> None:
    assert look.disk("sda", told) == disk


def test_the_hottest_sensor_of_a_chip_counts_with_its_own_limit(tmp_path: Path) -> None:
    sensor(tmp_path, "hwmon0", "coretemp", 1, input="51000", crit="100000")
    sensor(tmp_path, "hwmon0", "coretemp", 2, input="67500", crit="105000")
    sensor(tmp_path, "hwmon1", "drivetemp", 1, input="44000", max="70000")
    sensor(tmp_path, "hwmon2", "odd", 1, input="none")
    sensor(tmp_path, "hwmon3", "bare", 1, input="-5000")
    degrees, limits = look.heat(tmp_path)
    assert degrees == {"coretemp": 67.5, "drivetemp": 44.0, "bare": -5.0}
    assert limits == {"coretemp": 105.0, "drivetemp": 70.0}


def test_errors_of_file_systems_are_counted(tmp_path: Path) -> None:
    (tmp_path / "fs/ext4/sda2").mkdir(parents=True)
    (tmp_path / "fs/ext4/sda2/errors_count").write_text("3\n")
    (tmp_path / "fs/ext4/features").mkdir()
    assert look.errors(tmp_path) == {"sda2": 3}


def test_a_machine_without_anything_is_no_reason_to_fail(tmp_path: Path) -> None:
    found = look.look(7, tmp_path)
    assert (found.at, found.disks, found.temperatures, found.file_system_errors) == (7, (), {}, {})


def test_the_kernel_says_whether_its_clock_follows_another() -> None:
    synchronised, offset = look.clock()
    assert synchronised in (True, False) and offset is not None and abs(offset) < 3600
