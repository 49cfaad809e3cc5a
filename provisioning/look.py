"""Looks at the machine as only root can: smartctl (SMART), adjtimex(2) (the kernel's word on its clock), sysfs (heat, file systems).

What a machine does not have is not told: a virtual disk has no SMART, and that is no trouble.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.hardware import Disk, Hardware

TIMEOUT_S = 30.0
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of <sys/timex.h>."""
_NANOSECONDS = 0x2000
"""STA_NANO: the offset is told in nanoseconds."""
_REALLOCATED, _PENDING = 5, 197
"""Ids of SMART attributes (ATA)."""


class _Timex(ctypes.Structure):
    """struct timex as far as it is read here; the kernel writes 208 bytes."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


def look(now: int, system: Path = Path("/sys")) -> Hardware:
    """The machine now."""
    synchronised, offset = clock()
    degrees, limits = heat(system)
    return Hardware(
        at=now, disks=tuple(disks(system)), synchronised=synchronised, offset_s=offset, temperatures=degrees, hottest_allowed=limits,
        file_system_errors=errors(system),
    )  # fmt: skip


def clock() -> tuple[bool | None, float | None]:
    """(whether the clock follows a better one, by how many seconds it is off) as the kernel says; nothing is changed."""
    told = _Timex(modes=0)
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told)) < 0:
        return None, None
    unit = 1e9 if told.status & _NANOSECONDS else 1e6
    return not told.status & _UNSYNCHRONISED, told.offset / unit


def disks(system: Path) -> Iterator[Disk]:
    """What every disk says of itself."""
    program = shutil.which("smartctl")
    for block in sorted((system / "block").glob("*")) if program else []:
        if (block / "device").exists():
            told = _smart(str(program), f"/dev/{block.name}")
            if told is not None:
                yield disk(block.name, told)


def _smart(program: str, device: str) -> dict[str, Any] | None:
    try:
        done = subprocess.run(  # noqa: S603 - the program's own path, a device's name
            [program, "--json", "--health", "--attributes", device], capture_output=True, timeout=TIMEOUT_S, check=False
        )
        tree = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return tree if isinstance(tree, dict) else None


def disk(name: str, told: dict[str, Any]) -> Disk:
    """A disk from smartctl's JSON (ATA and NVMe)."""
    rows = told.get("ata_smart_attributes", {}).get("table", [])
    raw = {row.get("id"): row.get("raw", {}).get("value") for row in rows}
    nvme = told.get("nvme_smart_health_information_log", {})
    passed = told.get("smart_status", {}).get("passed")
    return Disk(
        name=name, healthy=passed if isinstance(passed, bool) else None, reallocated=raw.get(_REALLOCATED), pending=raw.get(_PENDING),
        worn_percent=nvme.get("percentage_used"),
    )  # fmt: skip


def heat(system: Path) -> tuple[dict[str, float], dict[str, float]]:
    """(degrees, limit) by sensor: the hottest of each kind of chip."""
    degrees: dict[str, float] = {}
    limits: dict[str, float] = {}
    for path in sorted((system / "class" / "hwmon").glob("hwmon*/temp*_input")):
        name, value = _text(path.parent / "name") or path.parent.name, _milli(path)
        if value is None or value <= degrees.get(name, -1000.0):
            continue
        degrees[name] = value
        limit = _milli(path.with_name(path.name.replace("_input", "_crit"))) or _milli(
            path.with_name(path.name.replace("_input", "_max"))
        )
        limits.pop(name, None)
        if limit is not None and limit > 0:
            limits[name] = limit
    return degrees, limits


def errors(system: Path) -> dict[str, int]:
    """Errors that the kernel counted, by device (ext4)."""
    found = {}
    for path in sorted((system / "fs" / "ext4").glob("*/errors_count")):
        count = _text(path)
        if count.isdigit():
            found[path.parent.name] = int(count)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _milli(path: Path) -> float | None:
    text = _text(path)
    return int(text) / 1000 if text.lstrip("-").isdigit() else None
