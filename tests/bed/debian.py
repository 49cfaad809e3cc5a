"""A plain Debian 12 in a folder, to install the package in: what a box is before the project's software is on it.

The root lies below `.cache` and is built at the first run, from the mirror that apt uses already. Each test gets a copy of its own, in
which a command runs with a file system tree, processes and a network of its own. Needs root and mmdebstrap.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bed.asterisk import UnavailableError, mirror

PACKAGES = (
    "python3", "systemd", "systemd-sysv", "dbus", "iproute2", "openssl", "openssh-server", "libatomic1", "libbcg729-0",
    "libvo-amrwbenc0", "ethtool", "procps", "nftables", "chrony",
)  # fmt: skip
"""What the package depends on and recommends, so that nothing is fetched when it is installed."""
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "debian12"
INSTALL_S = 900.0


def installed() -> Path:
    """The root; it is built first where it is not. Raises UnavailableError."""
    done, root = CACHE / "installed", CACHE / "root"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            command = [
                "mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--aptopt=Acquire::Check-Valid-Until \"false\"",
                "--aptopt=APT::Install-Recommends \"false\"", "bookworm", str(root), mirror(),
            ]  # fmt: skip
            finished = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
            if finished.returncode:
                raise UnavailableError(f"Debian 12 cannot be installed: {finished.stderr.strip()[-500:]}")
            done.touch()
    return root


class Machine:
    """A copy of the root: one machine, as long as its folder is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", "--reflink=auto", f"{installed()}/.", str(root)], check=True)

    def run(self, *command: str, check: bool = True, timeout: float = 300.0, text: str = "") -> subprocess.CompletedProcess[str]:
        """A command on the machine, without a network; what it prints."""
        enter = ["unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", f"--root={self.root}", "--mount-proc"]
        done = subprocess.run(
            [*enter, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *command],
            capture_output=True, text=True, timeout=timeout, input=text,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def path(self, name: str) -> Path:
        """A file of the machine, seen from outside."""
        return self.root / name.lstrip("/")

    def put(self, source: Path, name: str) -> None:
        """Copy a file onto it."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, self.path(name))

    def python(self, code: str, *words: str) -> str:
        """A piece of Python with the program's own interpreter."""
        return self.run("/usr/lib/appliance/bin/python3", "-I", "-c", code, *words).stdout

    def have(self, names: Sequence[str]) -> list[str]:
        """Those of these files that exist."""
        return [name for name in names if self.path(name).exists()]
