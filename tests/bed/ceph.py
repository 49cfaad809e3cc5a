"""A second real S3 server: Ceph's RADOS Gateway 16 (storage-facts: the hostile provider, with Object Lock and bucket policies).

One monitor, one OSD in memory, one gateway, in a network namespace that has nothing but loopback; a door on our own loopback leads in.
Debian's packages are unpacked and not installed. The daemons know one another by cephx keys: without keys they refuse their clients.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bed import lan
from tests.bed.between import Relay
from tests.bed.namespace import inside
from tests.bed.unpacked import UnavailableError, missing_of, unpacked

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")
PYTHON = "/usr/bin/python3"
"""Debian's own: the binding to RADOS is built for it."""
FSID = "6f9e1f2e-0000-4000-8000-000000000001"
PORT = 38000
READY_S = 60.0
REGION = "default"
_COUNT = itertools.count()
_KEYS = {
    "mon.": ("mon",),
    "client.admin": ("mon", "osd", "mgr"),
    "client.rgw": ("mon", "osd", "mgr"),
    "osd.0": ("mon", "osd", "mgr"),
}
_SETTINGS = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:33300
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail crit = 1
osd crush chooseleaf type = 0
osd crush initial weight = 1
osd objectstore = memstore
memstore device bytes = 2147483648
osd class dir = {libraries}/rados-classes
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
run dir = {folder}
admin socket = {folder}/$name.asok
pid file =
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
ms bind ipv6 = false
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw enable usage log = false
rgw crypt require ssl = false
"""
_NEW_OSD = """
import json, sys, rados
with rados.Rados(conffile=sys.argv[1], name="client.admin") as cluster:
    for command in (
        {"prefix": "osd new", "uuid": sys.argv[2]},
        {"prefix": "osd crush add", "id": 0, "weight": 1.0, "args": ["root=default"]},
    ):
        code, out, said = cluster.mon_command(json.dumps(command), b"", timeout=30)
        if code:
            sys.exit(said)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody whom the gateway knows."""

    name: str

    @property
    def access(self) -> str:
        """The access key."""
        return self.name

    @property
    def secret(self) -> str:
        """The secret key."""
        return f"{self.name}secret"


OWNER, BOX = User(name="owner"), User(name="box")
"""Who owns the buckets, and who may do what their policies say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens."""

    endpoint: str
    access: str = OWNER.access
    secret: str = OWNER.secret
    region: str = REGION


class _Cluster:
    """The daemons, in a namespace, with their data in a folder."""

    def __init__(self, root: Path, folder: Path, namespace: str, stack: ExitStack) -> None:
        self._programs, self._folder, self._namespace, self._stack = root / "usr/bin", folder, namespace, stack
        (librados,) = root.rglob("librados.so.2")
        self._libraries = librados.parent
        self._environment = {
            **os.environ,
            "LD_LIBRARY_PATH": f"{self._libraries}:{self._libraries}/ceph:{root}/{self._libraries.relative_to(root / 'usr')}",
            "PYTHONPATH": str(root / "usr/lib/python3/dist-packages"),
        }
        self._settings = folder / "ceph.conf"

    def start(self) -> None:
        """From nothing to a gateway that answers. Raises AssertionError."""
        for name in ("mon", "osd", "rgw"):
            (self._folder / name).mkdir()
        self._settings.write_text(_SETTINGS.format(fsid=FSID, folder=self._folder, libraries=self._libraries, port=PORT))
        keyring, monmap = str(self._folder / "keyring"), str(self._folder / "monmap")
        for number, (name, rights) in enumerate(_KEYS.items()):
            create = ("--create-keyring",) if number == 0 else ()
            caps = [word for right in rights for word in ("--cap", right, "allow *")]
            self._do("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps)
        self._do("monmaptool", "--create", "--addv", "a", "[v2:127.0.0.1:33300]", "--fsid", FSID, monmap)
        self._ceph("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a")
        identity = Path("/proc/sys/kernel/random/uuid").read_text().strip()
        self._run([PYTHON, "-c", _NEW_OSD, str(self._settings), identity])
        self._ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._daemon("ceph-osd", "-i", "0")
        gateway = self._daemon("radosgw", "-n", "client.rgw")
        for user in (OWNER, BOX):
            words = (
                f"--uid={user.name}",
                f"--display-name={user.name}",
                f"--access-key={user.access}",
                f"--secret-key={user.secret}",
            )
            self._ceph("radosgw-admin", "user", "create", *words)
        self._wait(gateway)

    def _wait(self, gateway: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and gateway.poll() is None:
            with suppress(OSError):
                inside(self._namespace, lambda: socket.create_connection(("127.0.0.1", PORT), 5).close())
                return
            time.sleep(0.1)
        log = self._folder / "client.rgw.log"
        raise AssertionError(f"Ceph's gateway did not start: {log.read_text('utf-8', 'replace')[-2000:] if log.exists() else ''}")

    def _ceph(self, program: str, *words: str) -> None:
        self._do(program, "-c", str(self._settings), *words)

    def _do(self, program: str, *words: str) -> None:
        self._run([str(self._programs / program), *words])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(self._inside(command), capture_output=True, text=True, env=self._environment, timeout=READY_S)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-1000:]}"

    def _daemon(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        command = self._inside([str(self._programs / program), "-c", str(self._settings), *words, "-f"])
        with (self._folder / f"{program}.said").open("wb") as log:
            daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)
        self._stack.callback(daemon.wait)
        self._stack.callback(daemon.kill)
        return daemon

    def _inside(self, command: list[str]) -> list[str]:
        return ["ip", "netns", "exec", self._namespace, *command]


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server with what it needs in this folder; its objects lie in memory. Raises UnavailableError."""
    why = lan.possible()
    if why:
        raise UnavailableError(why)
    root = unpacked("ceph", *missing_of(*PACKAGES))
    namespace = f"ceph{os.getpid()}x{next(_COUNT)}"
    with ExitStack() as stack:
        subprocess.run(["ip", "netns", "add", namespace], check=True, capture_output=True)
        stack.callback(subprocess.run, ["ip", "netns", "del", namespace], capture_output=True)
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        _Cluster(root, folder, namespace, stack).start()
        door = Relay(
            ("127.0.0.1", PORT), b"", connect=lambda target, wait: inside(namespace, lambda: socket.create_connection(target, wait))
        )
        stack.callback(door.close)
        yield Server(endpoint=f"http://127.0.0.1:{door.port}")


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of the module that imports this fixture."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running(tmp_path_factory.mktemp("ceph")))
        except UnavailableError as error:
            pytest.skip(str(error))
        yield server
