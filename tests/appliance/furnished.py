"""A box with real content: the sample calls are really replayed into it, once for a test run. And browsers that look at its console.

The fixtures are `furnished`, which all tests share and none may change, and `own`, a copy for the test that does.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from argon2 import PasswordHasher

from appliance import lookup
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.clock import Clock, SystemClock
from appliance.demo.commands import ORDER, SAMPLES, SETTINGS
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.web.accounts import FIRST_ACCOUNT, Accounts
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.rights import ADMINISTRATOR
from appliance.web.security import COOKIE
from capture.replay import replay
from tests.fakes.clock import FakeClock

with warnings.catch_warnings():  # it would rather have another client than the one the project names
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as TestClient

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Makes hashes that are checked in no time; how dear a new one is stays as it is."""
LATER = 600 * SECOND
PATIENCE_S = 20.0
PAGE = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "ja"}


@dataclass(frozen=True, slots=True)
class Furnished:
    """A box with the sample calls, and somebody who is signed in to its console."""

    box: Box
    calls: Mapping[str, str]
    """The id of each sample's call."""
    now: int
    """Ten minutes after the last call."""
    token: str
    """The session of `admin`, whose password is PASSWORD."""

    def clock(self) -> FakeClock:
        """A clock that stands at `now`."""
        return FakeClock(self.now)

    def ledger(self) -> Ledger:
        """The box's ledger; the caller closes it."""
        return Ledger.open(self.box.folders.ledger)

    def call(self, sample: str) -> Call:
        """The call of this sample."""
        with self.ledger() as ledger:
            found = lookup.get_call(ledger.connection, self.calls[sample])
        assert found is not None
        return found

    def recording(self, sample: str) -> Recording:
        """The recording of this sample."""
        with self.ledger() as ledger:
            found = lookup.get_recording(ledger.connection, self.calls[sample])
        assert found is not None
        return found

    def sealed(self, sample: str) -> Path:
        """The sealed file of this sample."""
        return self.box.folders.recordings / self.recording(sample).facts.file

    def copy(self, data: Path) -> Furnished:
        """The same box in another folder, to be changed at will."""
        shutil.copytree(self.box.folders.data, data)
        return Furnished(Box.at(data), self.calls, self.now, self.token)


def furnish(data: Path) -> Furnished:
    """Replay every sample into a new box in this folder."""
    data.mkdir(parents=True)
    shutil.copyfile(SETTINGS, data / "appliance.toml")
    box = Box.at(data)
    calls = {name: replay(box, SAMPLES / name / "capture.pcap").calls[0] for name in ORDER}
    with Ledger.open(box.folders.ledger) as ledger:
        now = int(ledger.connection.execute("SELECT max(ended_at) FROM call").fetchone()[0]) + LATER
        token = open_session(Accounts(ledger, lambda: now, box.config.web.session_hours))
        ledger.connection.execute("UPDATE account SET password = ?", (CHEAP.hash(PASSWORD),))
    return Furnished(box, MappingProxyType(calls), now, token)


def replace_settings(at: Furnished, more: str) -> Furnished:
    """The same box with these lines added to its settings."""
    path = at.box.folders.data / "appliance.toml"
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    return replace(at, box=Box.at(at.box.folders.data))


def open_session(accounts: Accounts, name: str = FIRST_ACCOUNT, password: str = PASSWORD) -> str:
    """Make an account as its owner would: the one-time password, then one of their own. Returns the session's token."""
    token = accounts.sign_in(name, accounts.one_time_password(name, ADMINISTRATOR), "127.0.0.1")
    session = accounts.session(token)
    assert session is not None and session.must_choose
    accounts.choose_password(session, token, "", password)
    return token


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """The box that all tests look at and none changes."""
    return furnish(tmp_path_factory.mktemp("furnished") / "var")


@pytest.fixture
def own(furnished: Furnished, tmp_path: Path) -> Furnished:
    """A copy of it, to be changed."""
    return furnished.copy(tmp_path / "own")


def browser(box: Box, clock: Clock, token: str = "", language: str = "ja") -> TestClient:
    """A browser at the console of this box, in this process. What the server does not catch fails the test."""
    client = TestClient(create(Console(box, clock)), follow_redirects=False, headers={**PAGE, "Accept-Language": language})
    if token:
        client.cookies.set(COOKIE, token)
    return client


def signed_in(at: Furnished, language: str = "ja", clock: Clock | None = None) -> TestClient:
    """A browser whose owner is signed in."""
    return browser(at.box, clock or at.clock(), at.token, language)


@dataclass(frozen=True, slots=True)
class Served:
    """A console in a process of its own."""

    process: subprocess.Popen[bytes]
    url: str
    errors: Path

    def client(self, token: str = "") -> httpx.Client:
        """A browser at it."""
        cookies = {COOKIE: token} if token else {}
        return httpx.Client(base_url=self.url, headers=PAGE, cookies=cookies, timeout=PATIENCE_S, trust_env=False)


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def program(*words: str, errors: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`appliance WORDS…` as a process, which is gone afterwards. What it says on standard error goes into the file."""
    command = [sys.executable, "-m", "appliance", *words]
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    with errors.open("wb") as said, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(box: Box, errors: Path) -> Iterator[Served]:
    """`appliance web serve` on a free port of loopback."""
    port = free_port()
    words = ("web", "serve", "--host", "127.0.0.1", "--port", str(port), "--data", str(box.folders.data))
    with program(*words, errors=errors) as process:
        until("the console", lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, errors.read_text("utf-8")
        yield Served(process, f"http://127.0.0.1:{port}", errors)


def until(what: str, look: Callable[[], object], patience: float = PATIENCE_S) -> None:
    """Wait until this is so; fail with `what` when the patience is over."""
    deadline = time.monotonic() + patience
    while not look():
        assert time.monotonic() < deadline, f"in vain waited for {what}"
        time.sleep(0.02)


def session_now(box: Box, name: str = "reception", role: str = ADMINISTRATOR) -> str:
    """The token of a session that began now, for a console with the machine's own clock."""
    with Ledger.open(box.folders.ledger) as ledger:
        accounts = Accounts(ledger, SystemClock().now, box.config.web.session_hours)
        return accounts.sign_in(name, accounts.one_time_password(name, role), "127.0.0.1")
