"""A whole box of real processes: the tap in the LAN's namespace, the other services here, under the supervisor of `appliance demo`.

The supervisor runs in a process of its own (`python -m tests.bed.house …`), so that a test may kill that too.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.demo.supervisor import Supervisor
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, select_calls
from tests.bed.lan import MIRROR

Found = TypeVar("Found")
SERVICES = ("capture", "render", "listen", "uploader", "janitor", "web")
SETTINGS = """
[site]
name = "さくら商事"
area_code = "03"
[[lines]]
number = "03-1234-5678"
name = "代表"
"""


def free_port() -> int:
    """A TCP port on loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = 30.0) -> Found:
    """The first thing that `look` gives; AssertionError with `what` when it gives nothing in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"in vain waited for {what}")


class House:
    """The box in `data`, running while the object is entered. `namespace`: where the tap listens; empty: no tap."""

    def __init__(self, data: Path, namespace: str = "", settings: str = SETTINGS) -> None:
        self.data = data
        self._namespace = namespace
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        data.mkdir(parents=True, exist_ok=True)
        (data / "appliance.toml").write_text(settings, "utf-8")
        self.box = Box.at(data)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> House:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start every service and wait until each is ready."""
        command = [sys.executable, "-m", "tests.bed.house", str(self.data), self._namespace or "-", str(self.port)]
        log = (self.data / "house.log").open("a")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True)
        log.close()
        wait_for("the services of the box", self._is_ready, 60.0)

    def stop(self) -> None:
        """Stop every service as SIGTERM does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            assert self._process.wait(30) == 0, self.log()

    def power_off(self) -> None:
        """SIGKILL to all of it at once."""
        pids = [self.pid(service) for service in SERVICES if service != "capture" or self._namespace]
        assert all(pid > 1 for pid in pids), self.log()[-2000:]
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def kill(self, service: str) -> None:
        """SIGKILL to one service, and wait until its successor is ready."""
        before = self.pid(service)
        assert before > 1, f"no process of {service} is known: {self.log()[-2000:]}"
        os.kill(before, signal.SIGKILL)
        wait_for(f"the next {service}", lambda: self.pid(service) not in (0, before))

    def pid(self, service: str) -> int:
        """The service's process."""
        found = re.findall(rf"^pid {service} (\d+)$", self.log(), re.MULTILINE)
        return int(found[-1]) if found else 0

    def log(self) -> str:
        """What all of them said."""
        return (self.data / "house.log").read_text("utf-8", "replace")

    def calls(self) -> list[Call]:
        """Every call, oldest first."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return [read_call(row) for row in ledger.connection.execute(*select_calls("ORDER BY started_at"))]

    def recording(self, call: str) -> Recording | None:
        """The call's recording."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return get_recording(ledger.connection, call)

    def stored(self, number: str) -> tuple[Call, Recording]:
        """The call with this number, once its recording is stored."""

        def look() -> tuple[Call, Recording] | None:
            for call in self.calls():
                found = self.recording(call.id)
                if number in (call.caller, call.called) and found is not None and found.stored_at is not None:
                    return call, found
            return None

        try:
            return wait_for(f"the stored recording of {number}", look)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.calls()}\n{self.log()[-3000:]}") from None

    def command(self, *words: str, code: int = 0) -> str:
        """`appliance WORDS --data …`; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance", *words, "--data", str(self.data)], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def lines(self, *words: str) -> Iterator[dict[str, Any]]:
        """The JSON lines that a command prints."""
        for line in self.command(*words, "--json").splitlines():
            yield json.loads(line)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        return "\nready\n" in self.log().rpartition("house begins")[2]


def main(data: str, namespace: str, port: str) -> int:
    """Keep the services running until SIGTERM."""
    program = [sys.executable, "-m", "appliance"]
    supervisor = Supervisor(lambda text: print(text, flush=True))
    print("house begins\n", end="", flush=True)
    if namespace != "-":
        listens = Box.at(Path(data)).config.capture.interface or MIRROR
        tap = ["ip", "netns", "exec", namespace, *program, "capture", "tap", "--interface", listens, "--data", data]
        supervisor.add("capture", *tap)
    for name, words in (
        ("render", "capture render"),
        ("listen", "capture listen"),
        ("uploader", "uploader run"),
        ("janitor", "janitor run"),
    ):
        supervisor.add(name, *program, *words.split(), "--data", data)
    supervisor.add("web", *program, "web", "serve", "--port", port, "--data", data)
    told: dict[str, int] = {}
    was_ready = False
    while not supervisor.stopping:
        supervisor.round(0.05)
        ready = all(child.ready for child in supervisor.children.values())
        for child in supervisor.children.values():
            if child.ready and child.process is not None and told.get(child.name) != child.process.pid:
                told[child.name] = child.process.pid
                print(f"pid {child.name} {child.process.pid}\n", end="", flush=True)  # one write, or others come between
        if ready and not was_ready:
            was_ready = True
            print("\nready\n", end="", flush=True)
    supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
