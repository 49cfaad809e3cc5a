"""CPU seconds and memory of other processes."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What a command took."""

    cpu: float
    """User and system seconds, its children's too."""
    wall: float
    peak_mb: float
    """Its own and its children's; never less than what the benchmark itself held when it began the command."""


def run(command: Sequence[str]) -> Cost:
    """Run a command to its end. Raises CalledProcessError."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - begun, used.ru_maxrss / 1000)


def memory_mb(pid: int) -> tuple[float, float]:
    """(resident, proportional set size) of a process, in MB; the second counts shared pages by their share."""
    pss = rss = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            pss = int(value.split()[0])
        elif name == "Rss":
            rss = int(value.split()[0])
    return rss / 1000, pss / 1000


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """What this was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?"
    )
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"
