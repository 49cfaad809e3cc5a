"""A disk that forgets what was not flushed when its power is cut: nbdkit with a write-back cache → nbdfuse → loop → ext4.

`kill -9` of nbdkit is the power cut. Afterwards the disk is checked by fsck and mounted again, as a machine does when it boots.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

MEGABYTES = 192


def possible() -> str:
    """ "" where such a disk can be made here, else why not."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
        return "needs /dev/fuse and loop devices"
    return ""


class VolatileDisk:
    """The disk, mounted at `root` while the object is entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = folder / "disk"
        self._image = folder / "disk.img"
        self._socket = folder / "nbd.sock"
        self._fuse = folder / "fuse"
        self._nbdkit: subprocess.Popen[bytes] | None = None
        self._nbdfuse: subprocess.Popen[bytes] | None = None
        self._loop = ""

    def __enter__(self) -> VolatileDisk:
        for folder in (self.root, self._fuse):
            folder.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(MEGABYTES << 20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self.power_on()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.power_off()

    def power_on(self) -> None:
        """Connect, check and mount."""
        self._socket.unlink(missing_ok=True)
        serve = ["nbdkit", "-f", "-U", str(self._socket), "--filter=cache", "file", str(self._image), "cache=writeback"]
        self._nbdkit = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
        _wait(self._socket.exists)
        name = self._fuse / "nbd"
        self._nbdfuse = subprocess.Popen(["nbdfuse", str(name), f"nbd+unix:///?socket={self._socket}"], stderr=subprocess.DEVNULL)
        _wait(lambda: name.exists() and name.stat().st_size > 0)
        self._loop = subprocess.run(
            ["losetup", "--find", "--show", str(name)], check=True, capture_output=True, text=True
        ).stdout.strip()  # fmt: skip
        checked = subprocess.run(["fsck.ext4", "-p", self._loop], capture_output=True, text=True)
        assert checked.returncode in (0, 1), checked.stdout
        _run("mount", self._loop, str(self.root))

    def cut(self) -> None:
        """Cut the power: what was not flushed is gone."""
        assert self._nbdkit is not None
        self._nbdkit.send_signal(signal.SIGKILL)
        self._nbdkit.wait()

    def power_off(self) -> None:
        """Take apart what is left."""
        subprocess.run(["umount", "-l", str(self.root)], capture_output=True)
        if self._loop:
            subprocess.run(["losetup", "-d", self._loop], capture_output=True)
            self._loop = ""
        subprocess.run(["fusermount3", "-uz", str(self._fuse)], capture_output=True)
        for process in (self._nbdfuse, self._nbdkit):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _wait(condition: object) -> None:
    assert callable(condition)
    for _ in range(200):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("the disk does not come up")
