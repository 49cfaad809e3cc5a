"""A plain Debian 12 in a folder, to install the package in: what a box is before the project's software is on it.

The root lies below `.cache` and is built at the first run, from the mirror that apt uses already. Each test gets a copy of its own, in
which a command runs with a file system tree, processes and a network of its own. Needs root and mmdebstrap.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bed.rootfs import root_of

PACKAGES = (
    "python3", "systemd", "systemd-sysv", "dbus", "iproute2", "openssl", "openssh-server", "libatomic1", "libbcg729-0",
    "libvo-amrwbenc0", "ethtool", "procps", "nftables", "chrony",
)  # fmt: skip
"""What the package depends on and recommends, so that nothing is fetched when it is installed."""
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "debian12"
CGROUP = Path("/sys/fs/cgroup/systemd")
_UP = ("running", "degraded")
_BOOT = """R=$1
set -e
mount --make-rprivate /
mount --bind "$R" "$R"
mount -t proc proc "$R/proc"
mount -t sysfs -o ro sysfs "$R/sys"
for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$R/$folder"; done
chmod 1777 "$R/tmp"
for node in null zero full random urandom tty; do touch "$R/dev/$node"; mount --bind "/dev/$node" "$R/dev/$node"; done
mkdir -p "$R/dev/pts" "$R/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$R/dev/pts"
ln -s pts/ptmx "$R/dev/ptmx"
mount -t tmpfs tmpfs "$R/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$R/sys/fs/cgroup"
mkdir -p "$R/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$R/sys/fs/cgroup/systemd"
# systemd hands credentials over through mounts that reach from one name space to another.
mount --make-rshared /
cd "$R"
exec env -i container=bed PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$R" /lib/systemd/systemd --system
"""
"""What a container's manager does before it starts systemd (systemd's Container Interface), with the tools every Debian has."""


def possible() -> str:
    """ "" where such a machine can be made and booted here, else why not."""
    if os.geteuid() != 0:
        return "needs root"
    if not CGROUP.is_dir() and subprocess.run(["mount", "-t", "cgroup"], capture_output=True, text=True).stdout == "":
        return "needs systemd's control group"
    missing = [name for name in ("mmdebstrap", "unshare", "nsenter", "dpkg-deb") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def installed() -> Path:
    """The root; it is built first where it is not. Raises UnavailableError."""
    return root_of(CACHE, "installed", "bookworm", PACKAGES, lambda root: None)


class Machine:
    """A copy of the root: one machine, as long as its folder is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._init: subprocess.Popen[bytes] | None = None
        subprocess.run(["cp", "-a", "--reflink=auto", f"{installed()}/.", str(root)], check=True)

    def run(self, *command: str, check: bool = True, timeout: float = 300.0) -> subprocess.CompletedProcess[str]:
        """A command on the machine, without a network; while it is booted among its processes. What it prints."""
        enter = ["unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", f"--root={self.root}", "--mount-proc"]
        if self._init is not None:
            enter = ["nsenter", "--target", str(self._first()), "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd"]
        done = subprocess.run(
            [*enter, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *command],
            capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    @contextmanager
    def booted(self) -> Iterator[None]:
        """systemd runs as the machine's first process, with everything that is enabled; its power is cut in the end."""
        group = CGROUP / f"bed-{os.getpid()}"
        group.mkdir(exist_ok=True)
        (self.root / "boot.sh").write_text(_BOOT)
        isolated = "exec unshare --mount --pid --fork --kill-child --net --ipc --uts --cgroup"
        script = f'echo $$ > "{group}/cgroup.procs"; {isolated} sh "{self.root}/boot.sh" "{self.root}"'
        self._init = subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for("systemd", lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in _UP)
            yield
        finally:
            os.kill(self._first(), signal.SIGKILL)
            self._init.wait()
            self._init = None

    def _first(self) -> int:
        """The id of its first process, seen from outside: the child of `unshare`."""
        assert self._init is not None
        told = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text().split()
        return int(told[0]) if told else self._init.pid

    def wait_for(self, what: str, condition: Callable[[], bool], seconds: float = 300.0) -> None:
        """Until it is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.3)
        told = self.run("journalctl", "--no-pager", "--lines", "60", check=False)
        raise AssertionError(f"{what} did not come\n{told.stdout[-6000:]}")

    def path(self, name: str) -> Path:
        """A file of the machine, seen from outside."""
        return self.root / name.lstrip("/")

    def put(self, source: Path, name: str) -> str:
        """Copy a file onto it; its name there."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, self.path(name))
        return name
