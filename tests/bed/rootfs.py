"""Roots of Debian in the cache folder, made once by mmdebstrap from the mirror that apt uses here. Needs root."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path

INSTALL_S = 900.0


class UnavailableError(Exception):
    """The root cannot be made here; the text says why."""


def root_of(cache: Path, mark: str, suite: str, packages: Collection[str], finish: Callable[[Path], None]) -> Path:
    """The root of this suite with these packages; it is built first where it is not, and `finish` looks at it. Raises UnavailableError."""
    done, root = cache / mark, cache / "root"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            command = [
                "mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", "--aptopt=Acquire::Check-Valid-Until \"false\"",
                "--aptopt=APT::Install-Recommends \"false\"", suite, str(root), mirror(),
            ]  # fmt: skip
            finished = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
            if finished.returncode:
                raise UnavailableError(f"Debian {suite} cannot be installed: {finished.stderr.strip()[-500:]}")
            finish(root)
            done.touch()
    return root


def mirror() -> str:
    """The mirror of Debian that apt uses here. Raises UnavailableError."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    if not found:  # its lists were removed, as images of Debian have it
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, timeout=INSTALL_S)
        found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    if not found:
        raise UnavailableError("apt knows no mirror of Debian")
    return found[0]
