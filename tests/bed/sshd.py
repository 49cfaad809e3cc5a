"""A real SFTP server: Debian's OpenSSH, unpacked and not installed, so that no machine gets a service; on loopback, in a folder of its own.

As root the server sees an account list of its own (it insists
on a user "sshd"), in a mount namespace that goes with it.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bed.unpacked import UnavailableError, unpacked

PACKAGES = ("openssh-server", "openssh-sftp-server", "libwrap0")
READY_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, whom it lets in, and where objects may lie."""

    port: int
    user: str
    key: Path
    known_hosts: str
    folder: Path
    pid: int
    host: str = "127.0.0.1"


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server, its keys and the stored files in this folder. Raises UnavailableError."""
    if shutil.which("ssh") is None:
        raise UnavailableError("needs openssh-client (see tests/debian-packages.txt)")
    root = unpacked("sshd", *PACKAGES)
    (folder / "store").mkdir()
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = folder / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\n"
        f"PidFile none\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
    process = _start(root, settings, folder)
    try:
        _wait(port, process, folder / "log")
        host = (folder / "host.pub").read_text().split()
        yield Server(
            port=port, user=getpass.getuser(), key=folder / "client", folder=folder / "store", pid=process.pid,
            known_hosts=f"[127.0.0.1]:{port} {host[0]} {host[1]}\n",
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of the module that imports this fixture."""
    try:
        with running(tmp_path_factory.mktemp("sshd")) as server:
            yield server
    except UnavailableError as error:
        pytest.skip(str(error))


def _start(root: Path, settings: Path, folder: Path) -> subprocess.Popen[bytes]:
    program = [str(root / "usr/sbin/sshd"), "-D", "-e", "-f", str(settings)]
    libraries = ":".join(str(path.parent) for path in root.rglob("libwrap.so.0"))
    if os.geteuid() == 0:
        accounts = folder / "passwd"
        accounts.write_text(Path("/etc/passwd").read_text() + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
        steps = f"mount --bind {accounts} /etc/passwd; mount -t tmpfs none /run; mkdir -m 755 /run/sshd; exec {' '.join(program)}"
        program = ["unshare", "--mount", "sh", "-c", steps]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(program, env={**os.environ, "LD_LIBRARY_PATH": libraries}, stdout=log, stderr=log)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the SFTP server does not come up: {log.read_text()[-1000:]}")
