"""What the supervisor starts runs until it is told to stop: what dies is started again, and gets back what it gave us to keep."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from appliance.demo.supervisor import HOPELESS, WATCHDOG_S, Child, Supervisor
from tests.appliance.furnished import PATIENCE_S, until

TELL = """
import json, os, socket, sys, time
def tell(text, *handles):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.connect(os.environ["NOTIFY_SOCKET"])
        socket.send_fds(notifier, [text.encode()], handles)
"""
STAYS = "tell('READY=1'); time.sleep(600)"
KEEPS = """
def kept(name, text):
    handle = os.memfd_create(name)
    os.write(handle, text)
    tell(f"FDSTORE=1\\nFDNAME={name}", handle)
    os.close(handle)
found = {}
names = os.environ.get("LISTEN_FDNAMES", "").split(":") if os.environ.get("LISTEN_PID") == str(os.getpid()) else []
for place, name in enumerate(names):
    os.lseek(3 + place, 0, os.SEEK_SET)
    found[name] = os.read(3 + place, 100).decode()
with open(sys.argv[1], "a") as report:
    opened = [int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")]
    others = sorted(set(opened) - {0, 1, 2, report.fileno()} - {3 + place for place in range(len(names))})
    print(json.dumps({"found": found, "count": os.environ.get("LISTEN_FDS"), "others": others}), file=report)
if not names:
    kept("zebra", b"the first")
    kept("apple", b"the second")
    kept("zebra", b"another of the same name")
"""
ALONE = """
import sys, time
from appliance.demo.supervisor import Supervisor
supervisor = Supervisor(lambda text: None)
for place in range(3):
    supervisor.add(f"child{place}", sys.executable, "-c", sys.argv[1])
supervisor.wait_ready(30.0)
print(*(child.process.pid for child in supervisor.children.values()), flush=True)
while not supervisor.stopping:
    supervisor.round(0.1)
supervisor.stop()
"""


class Kept(Supervisor):
    """A supervisor that remembers what it said."""

    def __init__(self, watchdog: float = WATCHDOG_S) -> None:
        self.said: list[str] = []
        super().__init__(self.said.append, watchdog)

    def child(self, name: str, code: str, *arguments: str) -> Child:
        """Run this Python code as a service."""
        self.add(name, sys.executable, "-c", TELL + textwrap.dedent(code), *arguments)
        return self.children[name]

    def rounds(self, what: str, until_so: Callable[[], object]) -> None:
        """Go round until this is so."""

        def look() -> object:
            self.round(0.05)
            return until_so()

        until(what, look)


@pytest.fixture
def supervisor(request: pytest.FixtureRequest) -> Iterator[Kept]:
    """A supervisor in this process (its parameter: the watchdog's limit in seconds), which gets its signal handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Kept(getattr(request, "param", WATCHDOG_S))
    try:
        yield made
    finally:
        if not made.stopping:
            made.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def started(child: Child, times: int) -> bool:
    return child.starts == times


def lives(pid: int) -> bool:
    """Whether this process runs (one that has ended and waits to be looked at does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def inheritable(handle: int) -> bool:
    try:
        return os.get_inheritable(handle)
    except OSError:
        return False


def test_it_is_ready_when_every_child_has_said_so(supervisor: Kept) -> None:
    one = supervisor.child("one", STAYS)
    assert supervisor.wait_ready(PATIENCE_S)
    two = supervisor.child("two", "time.sleep(600)")
    assert not supervisor.wait_ready(0.5)
    assert (one.ready, two.ready) == (True, False)


def test_a_child_that_is_killed_is_started_again(supervisor: Kept) -> None:
    child = supervisor.child("one", STAYS)
    other = supervisor.child("two", STAYS)
    assert supervisor.wait_ready(PATIENCE_S)
    first, unharmed = pid_of(child), pid_of(other)
    os.kill(first, signal.SIGKILL)
    supervisor.rounds("the second start", lambda: child.starts == 2)
    assert supervisor.wait_ready(PATIENCE_S)
    assert pid_of(child) != first and lives(pid_of(child))
    assert pid_of(other) == unharmed
    assert supervisor.said == ["one ended (-9); it is started again"]


def test_a_child_that_ends_before_it_is_ready_is_started_again(supervisor: Kept) -> None:
    child = supervisor.child("one", "sys.exit(4)")
    supervisor.rounds("the second start", lambda: child.starts == 2)
    assert supervisor.said == ["one ended (4); it is started again"]


def test_whoever_waits_for_a_child_that_dies_again_and_again_waits_no_longer(supervisor: Kept) -> None:
    child = supervisor.child("one", "sys.exit(4)")
    assert not supervisor.wait_ready(600.0)
    assert (child.starts, child.failures) == (HOPELESS, HOPELESS)
    assert supervisor.said == ["one ended (4); it is started again"] * HOPELESS


@pytest.mark.parametrize("supervisor", [1.0], indirect=True)
def test_a_child_that_hangs_is_killed_and_started_again_and_one_that_speaks_is_not(supervisor: Kept) -> None:
    hanging = supervisor.child("one", STAYS)
    speaking = supervisor.child("two", "tell('READY=1')\nwhile True: tell('WATCHDOG=1'); time.sleep(0.1)")
    assert supervisor.wait_ready(PATIENCE_S)
    first = pid_of(hanging)
    supervisor.rounds("the second start", lambda: hanging.starts == 2)
    assert supervisor.said == ["one hangs; it is started again", "one ended (-9); it is started again"]
    assert not lives(first)
    assert speaking.starts == 1


def test_what_a_child_gave_to_keep_comes_back_to_the_next_one_and_nothing_else_does(supervisor: Kept, tmp_path: Path) -> None:
    report = tmp_path / "report"
    child = supervisor.child("one", KEEPS + STAYS, str(report))
    for starts in (1, 2, 3):
        supervisor.rounds(f"start {starts}", partial(started, child, starts))
        assert supervisor.wait_ready(PATIENCE_S)
        os.kill(pid_of(child), signal.SIGKILL)
    theirs = {handle for path in Path("/proc/self/fd").iterdir() if (handle := int(path.name)) > 2 and inheritable(handle)}
    first, *later = [json.loads(line) for line in report.read_text().splitlines()]
    assert first == {"found": {}, "count": None, "others": []}
    for found in later:
        assert found["found"] == {"apple": "the second", "zebra": "the first"}
        assert found["count"] == "2"
        assert set(found["others"]) <= theirs, "no second handle to what was kept"


def test_what_one_child_gave_is_not_given_to_another(supervisor: Kept, tmp_path: Path) -> None:
    supervisor.child("one", KEEPS + STAYS, str(tmp_path / "one"))
    assert supervisor.wait_ready(PATIENCE_S)
    supervisor.child("two", KEEPS + STAYS, str(tmp_path / "two"))
    assert supervisor.wait_ready(PATIENCE_S)
    assert json.loads((tmp_path / "two").read_text()) == {"found": {}, "count": None, "others": []}


def test_descriptors_that_are_not_to_be_kept_are_closed(supervisor: Kept) -> None:
    child = supervisor.child("one", "[tell(word, 0, 1, 2) for word in ('FDNAME=x', 'READY=0', 'FDSTORE=2')]\n" + STAYS)
    before = handles()
    assert supervisor.wait_ready(PATIENCE_S)
    assert not child.stored
    assert handles() == before


@pytest.mark.parametrize(
    "noise", [b"", b"\0", b"\xff" * 4096, b"=", b"READY", b"READY=1=1", b"\n\n", b"FDSTORE=1\nFDNAME=x", b"WATCHDOG=1"]
)
def test_noise_from_a_child_is_neither_ready_nor_harm(supervisor: Kept, noise: bytes) -> None:
    child = supervisor.child("one", "time.sleep(600)")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        assert child.notifier is not None
        teller.connect(child.notifier.getsockname())
        teller.send(noise)
    supervisor.round(1.0)
    assert not child.ready and not child.stored


def test_a_child_stands_on_its_own_and_reads_nothing_of_the_terminal(supervisor: Kept) -> None:
    pid = pid_of(supervisor.child("one", STAYS))
    assert supervisor.wait_ready(PATIENCE_S)
    assert os.getsid(pid) == pid, "Ctrl-C is for the supervisor"
    assert str(Path(f"/proc/{pid}/fd/0").readlink()) == "/dev/null"


def test_stopping_ends_every_child_and_leaves_nothing(supervisor: Kept, tmp_path: Path) -> None:
    before = handles()
    children = [supervisor.child(name, KEEPS + STAYS, str(tmp_path / name)) for name in ("one", "two", "three")]
    assert supervisor.wait_ready(PATIENCE_S)
    pids = [pid_of(child) for child in children]
    folders = {Path(child.notifier.getsockname()).parent for child in children if child.notifier is not None}
    supervisor.stop()
    assert not [pid for pid in pids if lives(pid)]
    assert not [folder for folder in folders if folder.exists()]
    assert handles() < before, "even its own are closed"
    assert supervisor.said == []


def test_a_child_that_was_dead_already_is_no_trouble_at_the_end(supervisor: Kept) -> None:
    child = supervisor.child("one", "sys.exit(4)")
    supervisor.rounds("its death", lambda: child.process is None)
    supervisor.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_its_children_end_with_it_whatever_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", ALONE, TELL + STAYS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 3 and all(lives(pid) for pid in pids)
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == (-9 if number is signal.SIGKILL else 0)
        until("the end of the children", lambda: not any(lives(pid) for pid in pids))
