"""Programs of Debian packages, unpacked and not installed, so that no machine gets a service or a program it did not ask for.

The packages come through apt at the first run and lie unpacked in `.cache`.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"


class UnavailableError(Exception):
    """The program cannot be had here; the text says why."""


def unpacked(name: str, *packages: str) -> Path:
    """The folder with the packages' files; fetched first where it is not there. Raises UnavailableError."""
    cache = CACHE / name
    root, done = cache / "root", cache / "unpacked"
    if shutil.which("apt-get") is None:
        raise UnavailableError("needs Debian's apt-get")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            fetched = subprocess.run(["apt-get", "download", *packages], cwd=cache, capture_output=True, text=True)
            if fetched.returncode:
                raise UnavailableError(f"{', '.join(packages)} cannot be fetched: {fetched.stderr.strip()[-300:]}")
            for package in cache.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
            done.touch()
    return root


def missing_of(*packages: str) -> list[str]:
    """These packages and what they need, as far as it is not installed on this machine. Raises UnavailableError."""
    if shutil.which("apt-get") is None:
        raise UnavailableError("needs Debian's apt-get")
    command = ["apt-get", "install", "--simulate", "--no-install-recommends", *packages]
    planned = subprocess.run(command, capture_output=True, text=True)
    if planned.returncode:
        raise UnavailableError(f"{', '.join(packages)} cannot be had: {planned.stderr.strip()[-300:]}")
    return [line.split()[1] for line in planned.stdout.splitlines() if line.startswith("Inst ")]
