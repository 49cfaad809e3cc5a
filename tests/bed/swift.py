"""A real S3 server: OpenStack Swift with s3api, on loopback, in a folder of its own (storage-facts: it refuses what it should refuse).

Swift lives in a virtual environment of its own below `.cache`, made at the first run, since its libraries are none of ours. One device,
one replica, listings of five objects a page; tempauth knows one user; no memcached, because S3 requests carry their own signature.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

VERSION = "2.38.3"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "swift"
REGION: Final = "ap-northeast-1"
ACCESS, SECRET = "bed:tester", "testing"
STORAGE = ("account", "container", "object")
READY_S = 60.0

_STORAGE_SETTINGS = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_address = {folder}/log
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_PROXY_FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "s3api", "tempauth", "copy", "slo")
_PROXY_SETTINGS = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
log_address = {folder}/log
[pipeline:main]
pipeline = {filters} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = {region}
max_bucket_listing = 5
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{login} = {secret} .admin
"""
_RINGS = """
import sys
from swift.cli.ringbuilder import main
for name, port in zip(("account", "container", "object"), sys.argv[1:]):
    device = f"r1z1-127.0.0.1:{port}/d1"
    for words in (["create", "1", "1", "1"], ["add", device, "1"], ["rebalance"]):
        try:
            main(["swift-ring-builder", f"{name}.builder", *words])
        except SystemExit as end:
            if end.code:
                raise
"""


class UnavailableError(Exception):
    """Swift cannot be installed here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, and the keys of its user."""

    endpoint: str
    access: str = ACCESS
    secret: str = SECRET
    region: str = REGION


def installed() -> Path:
    """The folder of Swift's programs; they are installed first where they are not. Raises UnavailableError."""
    done = CACHE / f"{VERSION}.installed"
    programs = CACHE / "venv" / "bin"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(CACHE / "venv")],
                [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", f"swift=={VERSION}"],
            ):
                finished = subprocess.run(command, capture_output=True, text=True)
                if finished.returncode:
                    raise UnavailableError(f"Swift {VERSION} cannot be installed: {finished.stderr.strip()[-500:]}")
            done.touch()
    return programs


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server with its data in this folder. Raises UnavailableError."""
    programs = installed()
    with ExitStack() as stack:
        ports = {name: _free_port(stack) for name in (*STORAGE, "proxy")}
        _settings(folder, ports)
        rings = [str(programs / "python"), "-c", _RINGS, *(str(ports[name]) for name in STORAGE)]
        subprocess.run(rings, cwd=folder, check=True, capture_output=True)
        stack.pop_all().close()  # the ports are free again for the servers
        servers = [_start(stack, programs, folder, name) for name in ports]
        for name, port in ports.items():
            _wait(port, servers, folder / f"{name}.log")
        yield Server(endpoint=f"http://127.0.0.1:{ports['proxy']}")


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of the module that imports this fixture."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running(tmp_path_factory.mktemp("swift")))
        except UnavailableError as error:
            pytest.skip(str(error))
        yield server


def _settings(folder: Path, ports: dict[str, int]) -> None:
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = bed\n")
    common = {"folder": folder, "user": pwd.getpwuid(os.geteuid()).pw_name}
    for name in STORAGE:
        (folder / f"{name}.conf").write_text(_STORAGE_SETTINGS.format(name=name, port=ports[name], **common))
    account, login = ACCESS.split(":")
    plain = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in _PROXY_FILTERS if name not in ("s3api", "tempauth"))
    proxy = _PROXY_SETTINGS.format(
        port=ports["proxy"], filters=" ".join(_PROXY_FILTERS), region=REGION, account=account, login=login, secret=SECRET, **common
    )
    (folder / "proxy.conf").write_text(proxy + plain)


def _free_port(stack: ExitStack) -> int:
    probe = stack.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


def _start(stack: ExitStack, programs: Path, folder: Path, name: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        command = [str(programs / f"swift-{name}-server"), str(folder / f"{name}.conf"), "-v"]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    stack.callback(server.wait)
    stack.callback(server.kill)
    return server


def _wait(port: int, servers: list[subprocess.Popen[bytes]], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and all(server.poll() is None for server in servers):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"a server of Swift did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
