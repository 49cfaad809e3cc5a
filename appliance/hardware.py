"""What only root can see of the machine (disks' own word, time keeping, heat), left in the run folder for the health checks.

`appliance provisioning hardware` writes it every quarter of an hour as root; who reads it has no right to a disk, a clock or a sensor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from appliance import shelf
from appliance.folders import Folders

FILE = "hardware.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What one disk says of itself (SMART); None where it does not tell."""

    name: str
    healthy: bool | None
    reallocated: int | None = None
    pending: int | None = None
    worn_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The machine at one moment."""

    at: int
    disks: tuple[Disk, ...] = ()
    synchronised: bool | None = None
    """Whether the clock follows a better one; None where that cannot be told."""
    offset_s: float | None = None
    temperatures: Mapping[str, float] = field(default_factory=dict)
    """Degrees Celsius by sensor."""
    hottest_allowed: Mapping[str, float] = field(default_factory=dict)
    """Where the sensor's own limit lies."""
    file_system_errors: Mapping[str, int] = field(default_factory=dict)
    """Errors the kernel counted on a file system, by device."""


def write(folders: Folders, facts: Hardware) -> None:
    """Leave the facts for the checks. Raises ShelfError."""
    shelf.write(folders.run / FILE, json.dumps(asdict(facts), sort_keys=True).encode("ascii"), mode=0o644)


def read(folders: Folders) -> Hardware | None:
    """What was found last; None where nobody has looked yet, or what is there is not ours."""
    try:
        tree: dict[str, Any] = json.loads((folders.run / FILE).read_bytes())
        return Hardware(**{**tree, "disks": tuple(Disk(**disk) for disk in tree["disks"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
